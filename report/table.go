package report

// Align is the side at which a column's cells stand.
type Align int

// Text stands left, numbers right.
const (
	Left Align = iota
	Right
)

// Where says which forms show a column.
type Where int

// A combined figure such as "42 (35-50)" is for people; its parts are for
// programs.
const (
	Everywhere Where = iota
	ForPeople        // tables and Markdown
	ForData          // CSV
)

// Column describes one column of a table.
type Column struct {
	Name  string // heading for people
	Key   string // heading in CSV, with the unit: "need_bytes"; empty: Name
	Align Align
	Where Where
}

// Table is a heading, its rows and remarks below it.
type Table struct {
	Title   string
	Columns []Column
	Rows    [][]Cell // one cell per column
	Notes   []string
}

// Add appends a row. Missing cells at its end are empty.
func (t *Table) Add(cells ...Cell) {
	for len(cells) < len(t.Columns) {
		cells = append(cells, Cell{})
	}
	t.Rows = append(t.Rows, cells)
}

// shown returns the columns without the hidden ones, and the rows cut to them.
func (t *Table) shown(hide Where) ([]Column, [][]Cell) {
	var columns []Column
	rows := make([][]Cell, len(t.Rows))
	for i, c := range t.Columns {
		if c.Where == hide {
			continue
		}
		columns = append(columns, c)
		for r, row := range t.Rows {
			rows[r] = append(rows[r], row[i])
		}
	}
	return columns, rows
}

// Mark is how a cell may be set off on a terminal with colour.
type Mark int

// Marks never carry information that the text does not.
const (
	Unmarked Mark = iota
	Good
	Bad
	Strong
)

// Cell is one figure: Text for people, Value for programs (nil: Text; an
// empty string value when unknown).
type Cell struct {
	Text  string
	Value any
	Mark  Mark
}

// Marked returns the cell with a mark.
func (c Cell) Marked(m Mark) Cell {
	c.Mark = m
	return c
}

// Unknown is the cell of a figure that nobody knows: "-" in a table, empty in CSV.
func Unknown() Cell { return Cell{Text: "-", Value: ""} }

// Text is a cell of words; empty text is [Unknown].
func Text(s string) Cell {
	if s == "" {
		return Unknown()
	}
	return Cell{Text: s}
}

// Int is a count, with its digits grouped for people.
func Int[T ~int | ~int64](n T) Cell { return Cell{Text: Grouped(int64(n)), Value: int64(n)} }

// Size is a number of bytes, shown in binary units.
func Size(bytes int64) Cell { return Cell{Text: Bytes(bytes), Value: bytes} }

// SizeOrUnknown is [Size], or [Unknown] for zero.
func SizeOrUnknown(bytes int64) Cell {
	if bytes == 0 {
		return Unknown()
	}
	return Size(bytes)
}

// Context is a number of tokens, "32k" for 32,768.
func Context[T ~int | ~int64](n T) Cell { return Cell{Text: Tokens(int64(n)), Value: int64(n)} }

// Number is a figure to three significant digits, with the unit that people
// read beside it.
func Number(v float64, unit string) Cell {
	text := Significant(v)
	if unit != "" {
		text += " " + unit
	}
	return Cell{Text: text, Value: v}
}

// NumberOrUnknown is [Number], or [Unknown] for zero.
func NumberOrUnknown(v float64, unit string) Cell {
	if v == 0 {
		return Unknown()
	}
	return Number(v, unit)
}
