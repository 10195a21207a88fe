// Field selectors: parsed by upstream's grammar with upstream's errors, compiled to a matcher and to exact pairs that indexes can use.
import { ApiError, badRequest } from '../status.ts'

export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

type Fields = Readonly<Record<string, string>>

export interface FieldSelection {
  readonly requirements: readonly FieldRequirement[]
  readonly exact: readonly (readonly [string, string])[]
  /** An absent field counts as ''. */
  matches(fields: Fields): boolean
}

/** The selectable fields of a kind, and the error for others. */
export interface SelectableFields {
  isSupported(field: string): boolean
  unknown(field: string): string
  /** The stored version's names, if this version's differ. */
  stored?(field: string): string
}

/** The `fieldSelector` of a query. Throws a 400 with upstream's words. */
export function parseFieldSelector(text: string, fields: SelectableFields): FieldSelection {
  const requirements: FieldRequirement[] = []
  for (const term of splitTerms(text).sort()) {
    if (term === '') continue
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term)
    if (match?.[1] === undefined || match[3] === undefined) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    const [, field, operator, value] = match
    requirements.push({ field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) })
  }
  for (const { field } of requirements) {
    if (!fields.isSupported(field)) throw badRequest(fields.unknown(field))
  }
  const stored = (field: string): string => fields.stored?.(field) ?? field
  return compileFieldRequirements(requirements.map(requirement => ({ ...requirement, field: stored(requirement.field) })))
}

/**
 * The value that `text` requires in `field`; undefined if it requires none or is unreadable. Parsed like the selector itself, so that an
 * escaped comma cannot extend the right to one value.
 */
export function requiredFieldValue(text: string, field: string): string | undefined {
  try {
    return parseFieldSelector(text, anyField).exact.find(([name]) => name === field)?.[1]
  } catch (err) {
    if (err instanceof ApiError) return undefined
    throw err
  }
}

const anyField: SelectableFields = { isSupported: () => true, unknown: field => field }

function compileFieldRequirements(requirements: readonly FieldRequirement[]): FieldSelection {
  return {
    requirements,
    exact: requirements.flatMap(({ field, operator, value }): [string, string][] => (operator === '=' ? [[field, value]] : [])),
    matches: fields =>
      requirements.every(({ field, operator, value }) => {
        const actual = Object.hasOwn(fields, field) ? (fields[field] ?? '') : ''
        return operator === '=' ? actual === value : actual !== value
      }),
  }
}

function splitTerms(text: string): string[] {
  return text === '' ? [] : (text.match(/(?:[^,\\]|\\.?)+|(?<=^|,)(?=,|$)/gs) ?? [])
}

function unescapeValue(text: string): string {
  return text.replace(/\\(.?)|[,=]/gsu, (whole, escaped: string | undefined) => {
    // Upstream shows the character's code.
    if (escaped === undefined) throw badRequest(`invalid field selector: unescaped character in value: ${whole.codePointAt(0)}`)
    if (escaped === '\\' || escaped === ',' || escaped === '=') return escaped
    throw badRequest(`invalid field selector: invalid escape sequence: ${whole}`)
  })
}
