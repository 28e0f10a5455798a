package report

// gap is the number of spaces between two columns.
const gap = 2

// wordRoom is the width that a column of words keeps: longer words are broken
// before the table gives up being a table.
const wordRoom = 12

// numberRoom is the width up to which a column of figures is not wrapped at
// all: "12.3 GiB" on two lines reads badly.
const numberRoom = 9

// layout gives every column its width, so that the table fits in limit
// columns (0: no limit). It reports false when that is impossible.
//
// The widest column of words gives way first, one space at a time, down to
// its longest word; numbers are never broken.
func layout(columns []Column, cells [][]string, limit int) ([]int, bool) {
	widths, floors := make([]int, len(columns)), make([]int, len(columns))
	total := gap * (len(columns) - 1)
	for i, c := range columns {
		_, heading := widest(c.Name)
		line, word := widest(c.Name)
		for _, row := range cells {
			l, w := widest(row[i])
			line, word = max(line, l), max(word, w)
		}
		widths[i], floors[i] = line, max(heading, min(word, wordRoom))
		if c.Align == Right {
			floors[i] = word
			if line <= numberRoom {
				floors[i] = line
			}
		}
		total += line
	}
	for limit > 0 && total > limit {
		i := widestAboveFloor(widths, floors)
		if i < 0 {
			return nil, false
		}
		widths[i]--
		total--
	}
	return widths, true
}

func widestAboveFloor(widths, floors []int) int {
	best := -1
	for i := range widths {
		if widths[i] > floors[i] && (best < 0 || widths[i] > widths[best]) {
			best = i
		}
	}
	return best
}
