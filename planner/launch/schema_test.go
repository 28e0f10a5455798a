package launch_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// schema is the part of JSON Schema that the schemas in testdata use.
// Keywords that it does not know fail to decode.
type schema struct {
	Comment    string            `json:"$comment"`
	Defs       map[string]schema `json:"$defs"`
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"` // a name or a list of them
	Enum       []any             `json:"enum"`
	Pattern    string            `json:"pattern"`
	Format     string            `json:"format"`
	Minimum    *float64          `json:"minimum"`
	Maximum    *float64          `json:"maximum"`
	OneOf      []schema          `json:"oneOf"`
	AnyOf      []schema          `json:"anyOf"`
	Required   []string          `json:"required"`
	Items      *schema           `json:"items"`
	Unique     bool              `json:"uniqueItems"`
	MinLength  int               `json:"minLength"`
	Properties map[string]schema `json:"properties"`
	Patterns   map[string]schema `json:"patternProperties"`
	Additional json.RawMessage   `json:"additionalProperties"` // false, true or a schema
}

// schemaOf reads a schema of testdata.
func schemaOf(t testing.TB, file string) *schema {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	decoder := json.NewDecoder(f)
	decoder.DisallowUnknownFields()
	var s schema
	if err := decoder.Decode(&s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// check holds a value against a schema of root.
func (root *schema) check(s *schema, at string, v any) error {
	if s.Ref != "" {
		name := strings.TrimPrefix(s.Ref, "#/$defs/")
		def, ok := root.Defs[name]
		if !ok {
			return fmt.Errorf("%s: no definition %s", at, s.Ref)
		}
		return root.check(&def, at, v)
	}
	if types := namesOf(s.Type); len(types) > 0 && !slices.ContainsFunc(types, func(name string) bool { return isType(v, name) }) {
		return fmt.Errorf("%s: %T is not %v", at, v, types)
	}
	if s.Enum != nil && !slices.ContainsFunc(s.Enum, func(e any) bool { return reflect.DeepEqual(e, v) }) {
		return fmt.Errorf("%s: %v is not one of %v", at, v, s.Enum)
	}
	if err := root.checkOneOf(s, at, v); err != nil {
		return err
	}
	switch v := v.(type) {
	case string:
		if s.Pattern != "" && !expression(s.Pattern).MatchString(v) || len(v) < s.MinLength {
			return fmt.Errorf("%s: %q is not like %s", at, v, s.Pattern)
		}
	case float64:
		if s.Minimum != nil && v < *s.Minimum || s.Maximum != nil && v > *s.Maximum {
			return fmt.Errorf("%s: %v is out of bounds", at, v)
		}
	case []any:
		return root.checkItems(s, at, v)
	case map[string]any:
		return root.checkObject(s, at, v)
	}
	return nil
}

func (root *schema) checkOneOf(s *schema, at string, v any) error {
	fit := func(list []schema) (n int, err error) {
		for i := range list {
			if e := root.check(&list[i], at, v); e != nil {
				err = e
			} else {
				n++
			}
		}
		return n, err
	}
	if n, err := fit(s.OneOf); s.OneOf != nil && n != 1 {
		return fmt.Errorf("%s: %d of the alternatives fit: %v", at, n, err)
	}
	if n, err := fit(s.AnyOf); s.AnyOf != nil && n == 0 {
		return err
	}
	return nil
}

func (root *schema) checkItems(s *schema, at string, list []any) error {
	for i, item := range list {
		if s.Unique && slices.ContainsFunc(list[:i], func(e any) bool { return reflect.DeepEqual(e, item) }) {
			return fmt.Errorf("%s: %v stands twice", at, item)
		}
		if s.Items != nil {
			if err := root.check(s.Items, fmt.Sprintf("%s[%d]", at, i), item); err != nil {
				return err
			}
		}
	}
	return nil
}

func (root *schema) checkObject(s *schema, at string, object map[string]any) error {
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			return fmt.Errorf("%s: %s is missing", at, name)
		}
	}
	for name, value := range object {
		below, found := at+"."+name, false
		if p, ok := s.Properties[name]; ok {
			found = true
			if err := root.check(&p, below, value); err != nil {
				return err
			}
		}
		for pattern, p := range s.Patterns {
			if expression(pattern).MatchString(name) {
				found = true
				if err := root.check(&p, below, value); err != nil {
					return err
				}
			}
		}
		if found || s.Additional == nil || string(s.Additional) == "true" {
			continue
		}
		if string(s.Additional) == "false" {
			return fmt.Errorf("%s is no property", below)
		}
		var more schema
		if err := json.Unmarshal(s.Additional, &more); err != nil {
			return err
		}
		if err := root.check(&more, below, value); err != nil {
			return err
		}
	}
	return nil
}

// expression compiles each pattern once.
func expression(pattern string) *regexp.Regexp {
	known, ok := expressions.Load(pattern)
	if !ok {
		known, _ = expressions.LoadOrStore(pattern, regexp.MustCompile(pattern))
	}
	return known.(*regexp.Regexp)
}

var expressions sync.Map

func namesOf(v any) (list []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, name := range v {
			list = append(list, name.(string))
		}
	}
	return list
}

func isType(v any, name string) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && v == math.Trunc(v)
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return false
}

// The validator refuses what Compose does.
func TestSchemaRefuses(t *testing.T) {
	s := schemaOf(t, "compose-spec.json")
	service := func(more string) string { return `{"services": {"a": {"image": "b", ` + more + `}}}` }
	for text, fine := range map[string]bool{
		service(`"ipc": "host"`):                      true,
		service(`"ports": ["8000:8000"]`):             true,
		service(`"ports": ["8000:8000","8000:8000"]`): false,
		service(`"ipc": 1`):                           false,
		service(`"no_such": 1`):                       false,
		service(`"volumes": [{"source": "a"}]`):       false,
		service(`"deploy": {"resources": {"reservations": {"devices": [{"driver": "nvidia"}]}}}`): false,
		`{"volumes": {"a b": {}}}`: false,
	} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if err := s.check(s, "", v); (err == nil) != fine {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// So it does what Kubernetes, LeaderWorkerSet and KServe do.
func TestObjectSchemaRefuses(t *testing.T) {
	s := schemaOf(t, "kubernetes.json")
	set := func(group string) string {
		return `{"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "metadata": {"name": "a"}, "spec": {"leaderWorkerTemplate": {` + group + `}}}`
	}
	serve := func(predictor string) string {
		return `{"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "a"}, "spec": {"predictor": {` + predictor + `}}}`
	}
	for _, test := range []struct {
		kind, text string
		fine       bool
	}{
		{"leaderworkerset.x-k8s.io/v1 LeaderWorkerSet", set(`"workerTemplate": {"spec": {"containers": [{"name": "a"}]}}`), true},
		{"leaderworkerset.x-k8s.io/v1 LeaderWorkerSet", set(`"size": 2`), false},
		{"leaderworkerset.x-k8s.io/v1 LeaderWorkerSet", set(`"workerTemplate": {}, "restartPolicy": "Never"`), false},
		{"leaderworkerset.x-k8s.io/v1 LeaderWorkerSet", set(`"workerTemplate": {"spec": {"containers": [{"image": "a"}]}}`), false},
		{"leaderworkerset.x-k8s.io/v1 LeaderWorkerSet", set(`"workerTemplate": {"spec": {"containers": [{"name": "a", "env": [{"name": "A", "value": 1}]}]}}`), false},
		{"serving.kserve.io/v1beta1 InferenceService", serve(`"minReplicas": 2, "containers": [{"name": "a", "resources": {"limits": {"nvidia.com/gpu": "2"}}}]`), true},
		{"serving.kserve.io/v1beta1 InferenceService", serve(`"replicas": 2`), false},
		{"serving.kserve.io/v1beta1 InferenceService", serve(`"containers": [{"name": "a", "resources": {"limits": {"nvidia.com/gpu": "two"}}}]`), false},
		{"apps/v1 Deployment", `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {"replicas": 2}}`, false},
		{"v1 Service", `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80, "targetPort": "http"}]}}`, true},
		{"v1 Service", `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"targetPort": "http"}]}}`, false},
	} {
		var v any
		if err := json.Unmarshal([]byte(test.text), &v); err != nil {
			t.Fatal(err)
		}
		def, ok := s.Defs[test.kind]
		if err := s.check(&def, "", v); !ok || (err == nil) != test.fine {
			t.Errorf("%s: %v", test.text, err)
		}
	}
}
