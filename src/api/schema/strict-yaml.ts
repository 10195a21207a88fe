// Strict YAML for files of settings, `check` and `policy`: no repeated keys and no unknown fields.
import { readYaml, YamlError } from './yaml.ts'

/** Aborts the reading with an error. */
export type Fail = (what: string) => never

export function strictYaml(text: string, fail: Fail): unknown {
  try {
    const { value, duplicate } = readYaml(text)
    return duplicate === undefined ? value : fail(duplicate)
  } catch (err) {
    if (err instanceof YamlError) return fail(err.message)
    throw err
  }
}

/** A mistyped field would be ignored silently: an exception too wide, an expectation without effect. `at` may be ''. */
export function onlyFields(value: Readonly<Record<string, unknown>>, known: readonly string[], at: string, fail: Fail): void {
  const unknown = Object.keys(value).find(key => !known.includes(key))
  if (unknown !== undefined) fail(`${at === '' ? '' : `${at}: `}unknown field "${unknown}"`)
}
