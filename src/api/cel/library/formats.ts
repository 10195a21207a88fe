// Kubernetes' named formats: `format.dns1123Label().validate(name)` returns the problems, or none.

import { uriProblem } from '../../go-text/go-url.ts'
import { base64, isDate, isDateTime } from '../../text-formats.ts'
import { labelValue, nameIsDns1035Label, nameIsDnsLabel, nameIsDnsSubdomain, qualifiedName } from '../../validation/names.ts'
import * as estimate from '../functions/estimate.ts'
import { type CelFunction, free, type Library, member } from '../functions/function.ts'
import { fail, noSuchOverload } from '../values/failure.ts'
import { asString } from '../values/narrow.ts'
import * as t from '../values/type.ts'
import { type CelValue, codePoints, Opaque, Optional } from '../values/values.ts'
import { type Costs, nominal } from './costs.ts'
import { formatType } from './opaque-types.ts'

interface FormatRule {
  readonly name: string
  /** Length of the pattern that upstream uses for the cost. */
  readonly patternSize: number
  /** The problems of a text. */
  validate(text: string): readonly string[]
}

const pattern =
  (expression: RegExp, message: string) =>
  (text: string): string[] =>
    expression.test(text) ? [] : [message]

const rules: readonly FormatRule[] = [
  { name: 'dns1123Label', patternSize: 30, validate: text => nameIsDnsLabel(text, false) },
  { name: 'dns1123Subdomain', patternSize: 60, validate: text => nameIsDnsSubdomain(text, false) },
  { name: 'dns1035Label', patternSize: 30, validate: text => nameIsDns1035Label(text, false) },
  { name: 'qualifiedName', patternSize: 60, validate: qualifiedName },
  { name: 'dns1123LabelPrefix', patternSize: 30, validate: text => nameIsDnsLabel(text, true) },
  { name: 'dns1123SubdomainPrefix', patternSize: 60, validate: text => nameIsDnsSubdomain(text, true) },
  { name: 'dns1035LabelPrefix', patternSize: 30, validate: text => nameIsDns1035Label(text, true) },
  { name: 'labelValue', patternSize: 40, validate: labelValue },
  {
    name: 'uri',
    patternSize: 1120,
    validate(text) {
      const problem = uriProblem(text)
      return problem === undefined ? [] : [problem]
    },
  },
  {
    name: 'uuid',
    patternSize: 70,
    validate: pattern(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i, 'does not match the UUID format'),
  },
  {
    name: 'byte',
    patternSize: 84,
    validate: pattern(base64, 'invalid base64'),
  },
  { name: 'date', patternSize: 71, validate: text => (isDate(text) ? [] : ['invalid date']) },
  { name: 'datetime', patternSize: 71, validate: text => (isDateTime(text) ? [] : ['invalid datetime']) },
]

class Format extends Opaque {
  readonly typeName = formatType.name
  readonly rule: FormatRule

  constructor(rule: FormatRule) {
    super()
    this.rule = rule
  }

  equals(other: Opaque): boolean {
    return other instanceof Format && other.rule === this.rule
  }
}

const formats = new Map(rules.map(rule => [rule.name, new Format(rule)]))
/** Upstream's size of the largest pattern in estimates. */
const maxPattern = 128

const validates: Costs = {
  cost([format, text]) {
    const [patternSize, length] = [format instanceof Format ? format.rule.patternSize : 1, typeof text === 'string' ? codePoints(text) : 1]
    return Math.ceil((1 + length) * estimate.traversalFactor) * Math.ceil(patternSize * estimate.regexFactor)
  },
  costsAlways: true,
  estimate({ target, args: [text], size }) {
    if (target === undefined || text === undefined) return undefined
    return { cost: estimate.scale(estimate.scale(size(text), estimate.traversalFactor), maxPattern * estimate.regexFactor) }
  },
}

function validate(format: CelValue, text: CelValue): CelValue {
  if (!(format instanceof Format)) return fail(noSuchOverload)
  const wrong = format.rule.validate(asString(text))
  return wrong.length === 0 ? Optional.none : new Optional(wrong)
}

const named = (name: CelValue): CelValue => {
  const found = formats.get(asString(name))
  return found === undefined ? Optional.none : new Optional(found)
}

const constants: readonly CelFunction[] = [...formats].map(([name, format]) => ({
  name: `format.${name}`,
  overloads: [free(`format.${name}`, [], formatType, () => format)],
}))

export const formatsLibrary: Library = {
  functions: [
    { name: 'validate', overloads: [member('format-validate', [formatType, t.string], t.optional(t.list(t.string)), validate, validates)] },
    { name: 'format.named', overloads: [free('format-named', [t.string], t.optional(formatType), named, nominal)] },
    ...constants,
  ],
}
