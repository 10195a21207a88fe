// Values in Go's `%#v` form, in which upstream's errors show lists, maps and named strings.

import type { FieldError } from '../field-error.ts'
import { goQuote } from '../go-text/go-quote.ts'
import { parseQuantity } from '../quantity/quantity.ts'
import type { LabelSelector } from '../types/meta-v1.ts'

/** `map[string]string{"a":"b"}`, keys sorted. */
export function goStringMap(map: Readonly<Record<string, string>> | undefined): string {
  if (map === undefined) return 'map[string]string(nil)'
  const entries = Object.keys(map)
    .sort()
    .map(key => `${goQuote(key)}:${goQuote(map[key] ?? '')}`)
  return `map[string]string{${entries.join(', ')}}`
}

/** `[]string{"a", "b"}`, or of another element type. */
export function goStrings(list: readonly string[] | undefined, type = 'string'): string {
  if (list === undefined) return `[]${type}(nil)`
  return `[]${type}{${list.map(goQuote).join(', ')}}`
}

/** Base64 data in Go's form of bytes: `[]byte{0x2d, 0xa}`. */
export function goBytes(base64: string): string {
  if (base64 === '') return '[]byte(nil)'
  return `[]byte{${Array.from(Buffer.from(base64, 'base64'), byte => `0x${byte.toString(16)}`).join(', ')}}`
}

/** A structure of already formatted `members`: `core.NodeAddress{Type:"Hostname", Address:"a"}`. */
export function goStruct(type: string, members: Readonly<Record<string, string>>): string {
  const shown = Object.entries(members).map(([name, value]) => `${name}:${value}`)
  return `${type}{${shown.join(', ')}}`
}

export function goString(text = ''): string {
  return goQuote(text)
}

/** A list of other items than strings, each formatted by `show`. */
export function goList<T>(type: string, list: readonly T[] | undefined, show: (item: T) => string): string {
  return list === undefined ? `[]${type}(nil)` : `[]${type}{${list.map(show).join(', ')}}`
}

/** `Invalid value` with an already formatted value. */
export function invalidShown(field: string, shown: string, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field, message: `Invalid value: ${shown}${detail === '' ? '' : `: ${detail}`}` }
}

/** `Unsupported value` with an already formatted value. */
export function notSupportedShown(field: string, shown: string, supported: readonly string[]): FieldError {
  const list = supported.map(goQuote).join(', ')
  return { type: 'FieldValueNotSupported', field, message: `Unsupported value: ${shown}: supported values: ${list}` }
}

/** `Duplicate value` with an already formatted value. */
export function duplicateShown(field: string, shown: string): FieldError {
  return { type: 'FieldValueDuplicate', field, message: `Duplicate value: ${shown}` }
}

/** A time in Go's form: `2026-01-01 00:00:00.5 +0000 UTC`. */
export function goTime(text: string): string {
  const fraction = /\.\d*[1-9]/.exec(text)?.[0] ?? ''
  return `${new Date(text).toISOString().slice(0, 19).replace('T', ' ')}${fraction} +0000 UTC`
}

/** A number or a string, in Go's form of the structure behind it. */
export function goIntOrString(value: number | string): string {
  const [type, number, text] = typeof value === 'number' ? [0, value, ''] : [1, 0, value]
  return `intstr.IntOrString{Type:${type}, IntVal:${number}, StrVal:${goQuote(text)}}`
}

/** `v1.LabelSelector{…}`, in Go's form. */
export function goLabelSelector({ matchLabels, matchExpressions }: LabelSelector): string {
  const type = '[]v1.LabelSelectorRequirement'
  const items = matchExpressions?.map(
    ({ key, operator, values }) =>
      `v1.LabelSelectorRequirement{Key:${goQuote(key)}, Operator:${goQuote(operator)}, Values:${goStrings(values)}}`,
  )
  return `v1.LabelSelector{MatchLabels:${goStringMap(matchLabels)}, MatchExpressions:${items ? `${type}{${items.join(', ')}}` : `${type}(nil)`}}`
}

/** An amount, in Go's form of the structure behind it. */
export function goQuantity(text = '0'): string {
  const { value, scale, format } = parseQuantity(text)
  const amount = `i:resource.int64Amount{value:${value}, scale:${scale}}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}`
  return `resource.Quantity{${amount}, s:${goQuote(text)}, Format:"${format}"}`
}

/** `core.ResourceList{"cpu":resource.Quantity{…}}`, names sorted. */
export function goResourceList(list: Readonly<Record<string, string>> | undefined): string {
  if (list === undefined) return 'core.ResourceList(nil)'
  const entries = Object.keys(list)
    .sort()
    .map(name => `${goQuote(name)}:${goQuantity(list[name] ?? '0')}`)
  return `core.ResourceList{${entries.join(', ')}}`
}
