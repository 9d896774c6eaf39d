// A file of rows that the operator chooses: its text goes where rows can also be typed.
import type { JSX } from 'preact'

export const CsvFile = ({
  label,
  onText,
}: Readonly<{ label: string; onText: (text: string) => void }>): JSX.Element => (
  <label class="field">
    <span class="field-label">{label}</span>
    <input
      class="field-input"
      type="file"
      accept=".csv,text/csv,text/plain"
      onChange={({ currentTarget }) => {
        const [file] = currentTarget.files ?? []
        if (file !== undefined) void file.text().then(onText)
      }}
    />
  </label>
)
