// Classes of single fields, as an annotation lists them: `personal=spec.email,spec.address.*;confidential=data[tls.key]`.
import { type DataClass, dataClasses, isDataClass } from './data-class.ts'

export interface ClassifiedField {
  readonly dataClass: DataClass
  /** Names of members, of which `*` is any. Lists on the way are passed through. */
  readonly path: readonly string[]
}

export type ParsedFields = { readonly fields: readonly ClassifiedField[] } | { readonly problem: string }

/** Limits of one annotation. `wildcards`: each may lead through a whole object. */
export const maxFields = { characters: 8192, fields: 64, names: 16, wildcards: 8 }

/** Pure. A name with a dot stands in brackets. */
export function parseClassifiedFields(text: string): ParsedFields {
  if (text.length > maxFields.characters) return { problem: `must have at most ${maxFields.characters} characters` }
  const fields: ClassifiedField[] = []
  for (const part of text.split(';').filter(each => each.trim() !== '')) {
    const equals = part.indexOf('=')
    const dataClass = part.slice(0, Math.max(equals, 0)).trim()
    if (!isDataClass(dataClass)) return { problem: `must be "<class>=<path>,<path>;…" with a class of ${dataClasses.join(', ')}` }
    for (const written of part.slice(equals + 1).split(',')) {
      const path = parsePath(written.trim())
      if (path === undefined)
        return { problem: `has a path that is none: "${written.trim()}", a path is like spec.users.email or data[tls.key]` }
      if (path.length > maxFields.names) return { problem: `has a path of more than ${maxFields.names} names` }
      fields.push({ dataClass, path })
    }
  }
  const wildcards = fields.flatMap(({ path }) => path).filter(name => name === '*').length
  if (wildcards > maxFields.wildcards) return { problem: `must have at most ${maxFields.wildcards} names "*"` }
  return fields.length > maxFields.fields ? { problem: `must name at most ${maxFields.fields} fields` } : { fields }
}

/** Undefined for what is no path: no name, an empty one, or one of metadata, which names the object. */
function parsePath(text: string): readonly string[] | undefined {
  const names: string[] = []
  let at = 0
  while (at < text.length) {
    if (text[at] === '[') {
      const end = text.indexOf(']', at)
      if (end < 0) return undefined
      names.push(text.slice(at + 1, end))
      at = end + 1
      if (at < text.length && text[at] !== '.' && text[at] !== '[') return undefined
    } else {
      if (names.length > 0) {
        if (text[at] !== '.') return undefined
        at++
      }
      let end = at
      while (end < text.length && text[end] !== '.' && text[end] !== '[') end++
      if (end === at) return undefined
      names.push(text.slice(at, end))
      at = end
    }
  }
  const [first] = names
  return first === undefined || names.includes('') || ['metadata', 'apiVersion', 'kind'].includes(first) ? undefined : names
}
