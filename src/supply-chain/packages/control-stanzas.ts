// Stanzas of `Name: value` lines with continued lines, as Debian's control files (deb-control(5)) and RFC 822 headers have them.

/** Each stanza's wanted fields, with names in lower case and continued lines joined by line breaks. The first of equal names counts. */
export function* controlStanzas(text: string, wanted: ReadonlySet<string>): Generator<ReadonlyMap<string, string>> {
  let fields = new Map<string, string>()
  let open: { readonly name: string; readonly lines: string[] } | undefined
  const close = () => {
    if (open !== undefined && !fields.has(open.name)) fields.set(open.name, open.lines.join('\n').trim())
    open = undefined
  }
  for (let at = 0; at <= text.length; ) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end < 0 ? text.length : end)
    at = end < 0 ? text.length + 1 : end + 1
    const first = line.charCodeAt(0)
    if (first === 0x20 || first === 0x09) {
      open?.lines.push(line.slice(1))
      continue
    }
    close()
    if (line === '' || line === '\r') {
      if (fields.size > 0) yield fields
      fields = new Map()
      continue
    }
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase()
    if (wanted.has(name)) open = { name, lines: [line.slice(colon + 1)] }
  }
  close()
  if (fields.size > 0) yield fields
}
