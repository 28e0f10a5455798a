package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/plimsoll-dev/plimsoll/report"
)

// flatten lists the fields of a struct as rows of key and value, keys as in
// its JSON. Nested structs extend the key; each struct of a list is one row of
// "key value" pairs. Empty fields are left out.
func flatten(v any) report.Table {
	t := report.Table{Columns: []report.Column{{Name: "key"}, {Name: "value"}}}
	flattenInto(&t, "", reflect.ValueOf(v))
	return t
}

func flattenInto(t *report.Table, prefix string, v reflect.Value) {
	v = reflect.Indirect(v)
	for i := range v.NumField() {
		key := jsonKey(v.Type().Field(i))
		value := reflect.Indirect(v.Field(i))
		if key == "" || !value.IsValid() || value.IsZero() {
			continue
		}
		key = prefix + key
		switch {
		case value.Kind() == reflect.Struct:
			flattenInto(t, key+".", value)
		case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
			for j := range value.Len() {
				t.Add(report.Text(fmt.Sprintf("%s[%d]", key, j)), report.Text(pairs(value.Index(j))))
			}
		case value.Kind() == reflect.Slice:
			words := make([]string, value.Len())
			for j := range words {
				words[j] = scalar(value.Index(j))
			}
			t.Add(report.Text(key), report.Text(strings.Join(words, ", ")))
		default:
			t.Add(report.Text(key), report.Cell{Text: scalar(value), Value: value.Interface()})
		}
	}
}

// pairs writes a struct on one line.
func pairs(v reflect.Value) string {
	var t report.Table
	t.Columns = make([]report.Column, 2)
	flattenInto(&t, "", v)
	words := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		words[i] = row[0].Text + " " + row[1].Text
	}
	return strings.Join(words, ", ")
}

// scalar writes counts in groups of three digits and everything else as it is.
func scalar(v reflect.Value) string {
	if v.CanInt() {
		return report.Grouped(v.Int())
	}
	return fmt.Sprint(v.Interface())
}

// jsonKey is the field's key in JSON, "" when it has none.
func jsonKey(f reflect.StructField) string {
	if !f.IsExported() {
		return ""
	}
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	if name == "" {
		return f.Name
	}
	return name
}
