// The `[[package]]` tables of lock files in TOML: Cargo.lock, poetry.lock, uv.lock. They are written by programs in one form, one value a line.

export interface TomlPackage {
  readonly name: string
  readonly version: string
  /** The line of its source as it is written; '' if it has none. */
  readonly source: string
}

/** Tables without a name or version are left out. */
export function* tomlPackages(text: string): Generator<TomlPackage> {
  let fields: Map<string, string> | undefined
  for (const line of text.split('\n')) {
    if (line.startsWith('[')) {
      if (fields !== undefined) yield* packageOf(fields)
      // A table below the package, such as its dependencies, ends its own values.
      fields = line.trim() === '[[package]]' ? new Map() : undefined
      continue
    }
    const equals = line.indexOf(' = ')
    if (fields === undefined || equals <= 0) continue
    const value = line.slice(equals + 3).trim()
    fields.set(line.slice(0, equals), value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value)
  }
  if (fields !== undefined) yield* packageOf(fields)
}

function* packageOf(fields: ReadonlyMap<string, string>): Generator<TomlPackage> {
  const [name = '', version = '', source = ''] = ['name', 'version', 'source'].map(key => fields.get(key) ?? '')
  if (name !== '' && version !== '') yield { name, version, source }
}
