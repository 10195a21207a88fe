// Runs the CEL conformance suite of @bufbuild/cel-spec. Skipped cases have a reason.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { tests as root } from '@bufbuild/cel-spec/testdata/conformance.js'
import { bindingsLibrary } from './bindings.fixture.ts'
import { type SpecCase, specFunctions, specType, specValue, specVariables, unwrap } from './conformance.fixture.ts'
import { Environment, Program } from './environment.ts'
import { CelCompileError } from './issue.ts'
import { optionalLibrary } from './library/optional.ts'
import { stringsLibrary } from './library/strings.ts'
import { twoVariableLibrary } from './library/two-variables.ts'
import { equal } from './values/equality.ts'
import { CelEvaluationError, CelProgramError } from './values/failure.ts'
import { formatType, sameType } from './values/type.ts'
import { type CelValue, Double, isList, kindOf } from './values/values.ts'

interface Suite {
  readonly name: string
  readonly suites?: readonly Suite[]
  readonly tests?: readonly { readonly original: SpecCase }[]
}

const messages = 'Kubernetes has no protobuf messages in expressions'
const leftOutSuites: Readonly<Record<string, string>> = {
  block_ext: 'cel.block is no part of Kubernetes',
  dynamic: messages,
  encoders_ext: 'the base64 library is no part of Kubernetes',
  enums: messages,
  math_ext: 'the math library is no part of Kubernetes',
  network_ext: 'cel-spec names other functions for addresses than Kubernetes',
  proto2: messages,
  proto2_ext: messages,
  proto3: messages,
  unknowns: 'partial evaluation is no part of Kubernetes',
  wrappers: messages,
}
const newerFormat = 'Kubernetes has version 2 of the strings library, which formats in an older way'
const notInCelGo = 'cel-go, and so Kubernetes, takes the last of repeated keys'
const folds = 'Kubernetes computes constants before an expression runs, and refuses this one then'
const asks = 'cel-go, and so Kubernetes, finds nothing where a field is asked of a value that can have none'
const leftOut: readonly [pattern: RegExp, reason: string][] = [
  [/^fields\/qualified_identifier_resolution\/map_value_repeat_key/, notInCelGo],
  [/^fields\/qualified_identifier_resolution\/map_key_float/, 'cel-go, and so Kubernetes, takes any key that can be compared'],
  [/^string_ext\/format\/.*(?:scientific|infinity|NaN|list support|map support|dyntype support for (?:lists|maps))/, newerFormat],
  [/^timestamps\/duration_converters\/get_milliseconds/, 'cel-go, and so Kubernetes, gives the whole duration in milliseconds'],
  [/^fields\/map_fields\/map_bad_key_type/, folds],
  [/^optionals\/optionals\/(?:map_null_entry_no_such_key|map_present_key_invalid_field)/, asks],
  [/^string_ext\/reverse\//, 'reverse() is of version 3 of the strings library, Kubernetes has version 2'],
]

const options = {
  libraries: [optionalLibrary, twoVariableLibrary, stringsLibrary, bindingsLibrary],
  optionalSyntax: true,
  escapedNames: true,
}

function reasonToSkip(path: string, { expr, typeEnv }: SpecCase): string | undefined {
  const text = expr + JSON.stringify(typeEnv ?? [])
  if (/TestAllTypes|google\.protobuf\.(?!Timestamp\b|Duration\b)\w+|GlobalEnum/.test(text)) return messages
  return leftOut.find(([pattern]) => pattern.test(path))?.[1]
}

function runSuite({ name, suites = [], tests = [] }: Suite, path: string): void {
  suite(name, () => {
    for (const child of suites) runSuite(child, `${path}/${child.name}`)
    for (const { original } of tests) {
      const full = `${path}/${original.name}`
      const reason = reasonToSkip(full, original)
      test(`${original.name}: ${original.expr.slice(0, 80)}`, reason === undefined ? {} : { skip: reason }, context => {
        if (original.disableCheck === true && !compiles(original)) context.skip('Kubernetes checks every expression before it runs')
        else runCase(original)
      })
    }
  })
}

function environmentOf(specCase: SpecCase): Environment {
  return Environment.create({
    ...options,
    libraries: [...options.libraries, { functions: specFunctions(specCase) }],
    variables: specVariables(specCase),
    container: specCase.container ?? '',
  })
}

function compiles(specCase: SpecCase): boolean {
  try {
    environmentOf(specCase).compile(specCase.expr)
    return true
  } catch (err) {
    if (err instanceof CelCompileError) return false
    throw err
  }
}

function runCase(specCase: SpecCase): void {
  const environment = environmentOf(specCase)
  if (specCase.evalError !== undefined) {
    assert.throws(() => evaluate(environment, specCase), isEngineError)
    return
  }
  const checked = environment.compile(specCase.expr)
  const type = specCase.typedResult?.deducedType
  if (type !== undefined) assert.ok(sameType(checked.type, specType(type)), `type is ${formatType(checked.type)}`)
  if (specCase.checkOnly === true) return
  const expected = specValue(specCase.typedResult?.result ?? specCase.value ?? { boolValue: true })
  const value = unwrap(evaluate(environment, specCase))
  assert.ok(same(value, expected), `value is ${JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}n` : item))}`)
}

function evaluate(environment: Environment, { expr, bindings = {} }: SpecCase): CelValue {
  const values = Object.fromEntries(Object.entries(bindings).map(([name, { value }]) => [name, specValue(value)]))
  return new Program(environment.compile(expr)).evaluate(values).value
}

const isEngineError = (err: unknown): boolean =>
  err instanceof CelCompileError || err instanceof CelProgramError || err instanceof CelEvaluationError

/** Equal and of the same type; NaN equals itself. */
function same(a: CelValue, b: CelValue): boolean {
  if (kindOf(a) !== kindOf(b)) return false
  if (a instanceof Double && b instanceof Double) return Object.is(a.value, b.value) || a.value === b.value
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, index) => same(item, b[index] ?? null))
  return equal(a, b)
}

for (const child of root.suites ?? []) {
  const reason = leftOutSuites[child.name]
  if (reason === undefined) runSuite(child as Suite, child.name)
  else suite(child.name, { skip: reason }, () => undefined)
}
