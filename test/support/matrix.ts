// A table of words as it stands in a source file's header: one row for each command, one column for each state.

/** The drawing as comment lines, without a line break at its end. */
export function matrixOf(
  rows: readonly string[],
  columns: readonly string[],
  cell: (row: string, column: string) => string,
): string {
  const table = [['', ...columns], ...rows.map((row) => [row, ...columns.map((column) => cell(row, column))])]
  const widths = ['', ...columns].map((_, index) => Math.max(...table.map((row) => (row[index] ?? '').length)))
  const lines = table.map((row) => row.map((text, index) => text.padEnd(widths[index] ?? 0)).join(' | '))
  const rule = widths.map((width) => '-'.repeat(width)).join('-+-')
  return [lines[0] ?? '', rule, ...lines.slice(1)].map((text) => `//  ${text.trimEnd()}`).join('\n')
}
