// Package chart draws lines over two axes: as an SVG picture ([Chart.SVG]), as
// text for a terminal ([Chart.Text]), as one line of blocks ([Sparkline]), and
// several of them with tables and prose as one self-contained HTML file ([Page]).
//
// It is for cumulative distributions, values over time, one quantity over another,
// findings as points ([Series.Points]), and values below each other ([Bars]). It does
// not draw pies or stacked areas, computes no statistics and makes no decision: callers
// hand it points that are already worked out, names that already carry their units, and
// objectives as [Line].
//
// What holds of every picture:
//
//   - The same chart gives the same bytes.
//   - What cannot be drawn truthfully is an error and never a panic: NaN,
//     infinity, X that turns back, zero or less on a logarithmic axis.
//   - Long series are thinned so that the first, lowest, highest and last point
//     of each column of pixels survive: a peak never vanishes.
//   - Series differ by dash and marker, or by character, as well as by colour;
//     colours are apart for readers with any colour blindness.
//   - Text is wrapped where it is too long, never cut, and escaped. A picture
//     grows beyond the height asked for where its words would leave no room for
//     the plot; it never grows in width.
//
// Pictures hold no script, no reference to anything outside and no ids, so that
// many can stand in one page. Colours are attributes, which every program
// reads, and are overridden by CSS variables (--chart-ink, --chart-soft,
// --chart-grid, --chart-paper, --chart-1 to --chart-6) where a page sets them.
// Nothing here opens files; what is written goes to the writer given.
package chart
