package launch

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// object is a mapping that keeps its order.
type object []field

type field struct {
	key   string
	value any // string, int, float64, bool, object or a slice of these
}

// null is a value that is written out as null.
type null struct{}

func (o *object) add(key string, value any) { *o = append(*o, field{key, value}) }

// with returns the object with a field more.
func (o object) with(key string, value any) object {
	return append(o[:len(o):len(o)], field{key, value})
}

// set replaces the value of a field that is there.
func (o object) set(key string, value any) {
	for i := range o {
		if o[i].key == key {
			o[i].value = value
		}
	}
}

// MarshalYAML keeps the order of the fields.
func (o object) MarshalYAML() (any, error) {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range o {
		var key, value yaml.Node
		if err := key.Encode(f.key); err != nil {
			return nil, err
		}
		if err := value.Encode(f.value); err != nil {
			return nil, err
		}
		node.Content = append(node.Content, &key, &value)
	}
	return node, nil
}

// MarshalYAML writes null.
func (null) MarshalYAML() (any, error) { return nil, nil }

// encode writes documents one after the other.
func encode(documents ...object) string {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	for _, d := range documents {
		if err := e.Encode(d); err != nil {
			panic(fmt.Sprintf("launch: %v", err)) // of the values above none can fail
		}
	}
	if err := e.Close(); err != nil {
		panic(fmt.Sprintf("launch: %v", err))
	}
	return b.String()
}
