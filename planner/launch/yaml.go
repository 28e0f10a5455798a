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
	value any // string, int, float64, bool, nil, object, []object or []string
}

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

// node is a value as YAML has it. The library quotes what readers, old ones
// too, would take for something else than a string.
func node(v any) *yaml.Node {
	switch v := v.(type) {
	case object:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, f := range v {
			n.Content = append(n.Content, node(f.key), node(f.value))
		}
		return n
	case []object:
		return sequence(v)
	case []string:
		return sequence(v)
	}
	n := new(yaml.Node)
	if err := n.Encode(v); err != nil {
		panic(fmt.Sprintf("launch: %v", err)) // of the types above none can fail
	}
	return n
}

func sequence[T any](list []T) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, v := range list {
		n.Content = append(n.Content, node(v))
	}
	return n
}

// encode writes documents one after the other.
func encode(documents ...object) string {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	for _, d := range documents {
		if err := e.Encode(node(d)); err != nil {
			panic(fmt.Sprintf("launch: %v", err))
		}
	}
	if err := e.Close(); err != nil {
		panic(fmt.Sprintf("launch: %v", err))
	}
	return b.String()
}
