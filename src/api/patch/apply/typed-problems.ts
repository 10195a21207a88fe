// Why a configuration is no object of its kind, in the words of upstream's typed values: wrong types, unknown fields, items of keyed lists
// without a key or with a duplicate one.

import { goFormat, goSyntax, goType } from '../../go-text/go-format.ts'
import { isRecord } from '../../schema/compile.ts'
import { goNumber } from '../../schema/go-json.ts'
import type { ScalarKind, SchemaField, SchemaType } from '../../schema/model.ts'
import { elementText, itemElement, UnnamedItem } from './path-element.ts'
import { type ListShape, shapeOfField } from './shape.ts'

export type FormKind = 'string' | 'number' | 'boolean' | 'scalar' | 'any'

const forms: Readonly<Record<ScalarKind, FormKind>> = {
  string: 'string',
  bytes: 'string',
  time: 'scalar',
  microtime: 'scalar',
  bool: 'boolean',
  int32: 'number',
  int64: 'number',
  uint32: 'number',
  float64: 'number',
  quantity: 'scalar',
  intOrString: 'any',
  raw: 'any',
  schemaOrBool: 'any',
  schemaOrArray: 'any',
  schemaOrStrings: 'any',
}

/** What is validated: a configuration must name each item of a list once, an object may have several of one name. */
export type ValidatedForm = 'configuration' | 'object'

/** Each as `path: problem`. Null is of every type. */
export function typedProblems(
  value: unknown,
  type: SchemaType,
  validated: ValidatedForm = 'configuration',
  path = '',
  field?: SchemaField,
): string[] {
  if (value === null || value === undefined) return []
  switch (type.kind) {
    case 'struct':
    case 'map':
      if (!isRecord(value)) return [kindProblem(path, 'map', value)]
      if (type.kind === 'map' && hasForm(type.item, value)) return []
      return memberProblems(value, path, (name, member, at) => {
        if (type.kind === 'map') return typedProblems(member, type.item, validated, at)
        const found = type.byName.get(name)
        return found && typedProblems(member, found.type, validated, at, found)
      })
    case 'list':
      if (!Array.isArray(value)) return [kindProblem(path, 'list', value)]
      return itemProblems(value, type.item, validated, path, field)
    default:
      return formProblem(value, forms[type.kind]).map(problem => `${path}: ${problem}`)
  }
}

/** Whether all members of a map of scalars have the type, which is nearly always true and needs no paths. */
function hasForm(item: SchemaType, value: Record<string, unknown>): boolean {
  if (item.kind === 'struct' || item.kind === 'map' || item.kind === 'list') return false
  for (const name in value) if (value[name] !== null && formProblem(value[name], forms[item.kind]).length > 0) return false
  return true
}

/**
 * `problemsOf` checks one member, and returns undefined for an undeclared one. Only the first of those is reported, after the others'
 * problems: upstream stops at it, in random order.
 */
export function memberProblems(
  value: Record<string, unknown>,
  path: string,
  problemsOf: (name: string, member: unknown, path: string) => string[] | undefined,
): string[] {
  const problems: string[] = []
  let undeclared: string | undefined
  for (const [name, member] of Object.entries(value)) {
    const found = problemsOf(name, member, `${path}.${name}`)
    if (found === undefined) undeclared ??= name
    else problems.push(...found)
  }
  if (undeclared !== undefined) problems.push(`${path}.${undeclared}: field not declared in schema`)
  return problems
}

function itemProblems(
  items: readonly unknown[],
  type: SchemaType,
  validated: ValidatedForm,
  path: string,
  field: SchemaField | undefined,
): string[] {
  const shape = field && shapeOfField(field)
  if (shape?.kind !== 'list') return items.flatMap((item, index) => typedProblems(item, type, validated, `${path}[${index}]`))
  return keyedProblems(items, shape, validated, path, (item, at) => typedProblems(item, type, validated, at))
}

/** For a list whose items have names by keys or by value; `problemsOf` checks one of them. */
export function keyedProblems(
  items: readonly unknown[],
  shape: ListShape,
  validated: ValidatedForm,
  path: string,
  problemsOf: (item: unknown, path: string) => string[],
): string[] {
  const seen = new Set<string>()
  const problems: string[] = []
  for (const [index, item] of items.entries()) {
    try {
      const element = itemElement(shape, item)
      if (validated === 'configuration' && seen.has(element))
        problems.push(`${path}: duplicate entries for key ${elementText(element, goNumber)}`)
      seen.add(element)
      problems.push(...problemsOf(item, path + elementText(element, goNumber)))
    } catch (err) {
      if (!(err instanceof UnnamedItem)) throw err
      // As far as upstream looks, later items have no name either.
      problems.push(`${path}: element ${index}: ${err.message}`)
      break
    }
  }
  return problems
}

export function kindProblem(path: string, kind: 'map' | 'list', value: unknown): string {
  return `${path}: expected ${kind}, got &{${goFormat(value)}}`
}

export function formProblem(value: unknown, form: FormKind): string[] {
  switch (form) {
    case 'string':
      return typeof value === 'string' ? [] : [`expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`]
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? [] : [`expected numeric (int or float), got ${goType(value)}`]
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`expected boolean, got &{${goFormat(value)}}`]
    case 'scalar':
      return typeof value === 'object' ? [`expected any scalar, got &{${goFormat(value)}}`] : []
    case 'any':
      return []
  }
}
