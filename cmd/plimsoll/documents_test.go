package main

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/benchmarks"
	"github.com/plimsoll-dev/plimsoll/benchmarks/cpu"
	"github.com/plimsoll-dev/plimsoll/benchmarks/endpoint"
	"github.com/plimsoll-dev/plimsoll/benchmarks/gpu"
	"github.com/plimsoll-dev/plimsoll/calibration"
	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/gate"
	"github.com/plimsoll-dev/plimsoll/probe"
)

// documents are what -o json writes, by the type of each.
var documents = map[reflect.Type]string{
	reflect.TypeFor[recommendDocument]():       "plimsoll.recommendation/v1",
	reflect.TypeFor[estimateDocument]():        "plimsoll.estimate/v1",
	reflect.TypeFor[estimatesDocument]():       "plimsoll.estimates/v1",
	reflect.TypeFor[simulationDocument]():      "plimsoll.simulation/v1",
	reflect.TypeFor[planDocument]():            "plimsoll.plan/v1",
	reflect.TypeFor[planCheckDocument]():       "plimsoll.plan_check/v1",
	reflect.TypeFor[comparisonDocument]():      "plimsoll.comparison/v1",
	reflect.TypeFor[gateDocument]():            "plimsoll.gate/v1",
	reflect.TypeFor[gate.Entry]():              gate.BaselineSchema,
	reflect.TypeFor[baselineDocument]():        "plimsoll.baseline_list/v1",
	reflect.TypeFor[diffDocument]():            "plimsoll.diff/v1",
	reflect.TypeFor[verifyDocument]():          "plimsoll.verification/v1",
	reflect.TypeFor[accuracyDocument]():        "plimsoll.accuracy/v1",
	reflect.TypeFor[benchmarks.Result]():       benchmarks.Schema,
	reflect.TypeFor[benchListDocument]():       "plimsoll.bench_list/v1",
	reflect.TypeFor[benchDiffDocument]():       "plimsoll.bench_diff/v1",
	reflect.TypeFor[calibration.Calibration](): calibration.Schema,
	reflect.TypeFor[cpu.Report]():              cpu.Schema,
	reflect.TypeFor[probe.Machine]():           probe.Schema,
	reflect.TypeFor[versionDocument]():         "plimsoll.version/v1",
	reflect.TypeFor[errorDocument]():           "plimsoll.error/v1",
	reflect.TypeFor[catalogListDocument]():     "plimsoll.catalog_list/v1",
	reflect.TypeFor[catalogEntryDocument]():    "plimsoll.catalog_entry/v1",
	reflect.TypeFor[catalogCheckDocument]():    "plimsoll.catalog_check/v1",
	reflect.TypeFor[catalogImportDocument]():   "plimsoll.catalog_import/v1",
}

// details are what results of benchmarks hold as "detail", but for those that
// are documents.
var details = []reflect.Type{reflect.TypeFor[endpointDetail](), reflect.TypeFor[endpoint.Record](), reflect.TypeFor[engineDetail](), reflect.TypeFor[storageDetail](), reflect.TypeFor[gpu.Report]()}

// entries are what documents of the catalog hold as "entry" or "entries".
var entries = []reflect.Type{
	reflect.TypeFor[catalog.Model](), reflect.TypeFor[catalog.Accelerator](), reflect.TypeFor[catalog.Precision](), reflect.TypeFor[catalog.Engine](),
	reflect.TypeFor[catalog.Price](), reflect.TypeFor[catalog.Benchmark](), reflect.TypeFor[catalog.UseCase](),
}

// sectionOf is the heading under which docs/json.md describes a struct.
func sectionOf(t reflect.Type) string {
	if schema, ok := documents[t]; ok {
		return schema
	}
	return strings.TrimPrefix(t.String(), "main.")
}

// documentedTypes are the structs of all documents, each once.
func documentedTypes() []reflect.Type {
	var list []reflect.Type
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(t.Elem())
		case reflect.Struct:
			if seen[t] || t.String() == "time.Time" {
				return
			}
			seen[t] = true
			list = append(list, t)
			for _, f := range fieldsOf(t) {
				walk(f.Type)
			}
		}
	}
	for d := range documents {
		walk(d)
	}
	for _, e := range slices.Concat(entries, details) {
		walk(e)
	}
	return list
}

// fieldsOf lists the fields that become keys, those of embedded structs included.
func fieldsOf(t reflect.Type) []reflect.StructField {
	var list []reflect.StructField
	for i := range t.NumField() {
		f := t.Field(i)
		embedded := f.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		switch {
		case f.Anonymous && embedded.Kind() == reflect.Struct:
			for _, inner := range fieldsOf(embedded) {
				if !shadowed(t, inner) {
					list = append(list, inner)
				}
			}
		case jsonKey(f) != "":
			list = append(list, f)
		}
	}
	return list
}

// shadowed reports whether a struct has a key of an embedded one itself.
func shadowed(t reflect.Type, inner reflect.StructField) bool {
	for i := range t.NumField() {
		if f := t.Field(i); !f.Anonymous && jsonKey(f) == jsonKey(inner) {
			return true
		}
	}
	return false
}

var keyRow = regexp.MustCompile("^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\|$")

// TestEveryJSONKeyIsDocumented holds docs/json.md against the structs, both ways.
func TestEveryJSONKeyIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]map[string]bool{} // section to keys
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if name, ok := strings.CutPrefix(line, "### "); ok {
			section = name
			documented[section] = map[string]bool{}
		} else if row := keyRow.FindStringSubmatch(line); row != nil {
			documented[section][row[1]] = true
		} else if section != "" && strings.HasPrefix(line, "| `") {
			t.Errorf("docs/json.md: row without type or meaning: %s", line)
		}
	}
	for _, typ := range documentedTypes() {
		name := sectionOf(typ)
		keys, ok := documented[name]
		if !ok {
			t.Errorf("docs/json.md: no section %q", name)
			continue
		}
		for _, f := range fieldsOf(typ) {
			if !keys[jsonKey(f)] {
				t.Errorf("docs/json.md: section %q lacks key %q", name, jsonKey(f))
			}
			delete(keys, jsonKey(f))
		}
		for key := range keys {
			t.Errorf("docs/json.md: section %q has key %q, which no document has", name, key)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("docs/json.md: section %q describes nothing", name)
	}
}

// TestSchemaComesFirst holds that every document begins with its schema.
func TestSchemaComesFirst(t *testing.T) {
	for typ := range documents {
		if first := jsonKey(fieldsOf(typ)[0]); first != "schema" {
			t.Errorf("%s begins with %q", typ, first)
		}
	}
}
