package importer

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// WriteTOML writes the model as one [[model]] entry of a catalog file: keys in
// the order of the schema, the architecture as a table of its own at the end
// with its parts inline, zeros omitted. [catalog.DecodeStrict] reads it back
// unchanged.
func WriteTOML(w io.Writer, m catalog.Model) error {
	arch := m.Arch
	m.Arch = catalog.Architecture{} // written below, as a table
	var b strings.Builder
	b.WriteString("[[model]]\n")
	writeFields(&b, reflect.ValueOf(m), "\n", "arch")
	b.WriteString("\n[model.arch]\n")
	writeFields(&b, reflect.ValueOf(arch), "\n", "")
	b.WriteString("\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("importer: writing %s: %w", m.ID, err)
	}
	return nil
}

// writeFields writes key = value for every field that is not zero, and for
// zeros that the schema demands.
func writeFields(b *strings.Builder, v reflect.Value, separator, skip string) {
	first := true
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
		// A table without any entry is left out even where the schema has it.
		table := v.Field(i).Kind() == reflect.Struct
		if name == "" || name == skip || v.Field(i).IsZero() && (options == "omitempty" || table) {
			continue
		}
		if !first {
			b.WriteString(separator)
		}
		first = false
		b.WriteString(name + " = ")
		writeValue(b, v.Field(i))
	}
}

func writeValue(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		writeValue(b, v.Elem())
	case reflect.Struct:
		b.WriteString("{")
		writeFields(b, v, ", ", "")
		b.WriteString("}")
	case reflect.Slice:
		b.WriteString("[")
		for i := range v.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			writeValue(b, v.Index(i))
		}
		b.WriteString("]")
	case reflect.String:
		b.WriteString(quoted(v.String()))
	case reflect.Float64:
		b.WriteString(float(v.Float()))
	default: // integers and booleans print as TOML has them
		fmt.Fprint(b, v.Interface())
	}
}

// float writes a number with a decimal point or an exponent, as TOML demands.
func float(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// quoted writes a basic string: TOML has \u for control characters, not \x.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
