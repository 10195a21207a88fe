// The configuration file of `bulkhead check`: disabled rules, and exceptions, each with an owner, a reason and an expiry date.
import { existsSync } from 'node:fs'
import { plugins } from '../../admission/plugins/index.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { type Fail, onlyFields, strictYaml } from '../../api/schema/strict-yaml.ts'
import { manifestChecks } from '../../assess/checks/index.ts'
import type { Severity } from '../../assess/manifest-check.ts'
import { UserError } from '../../base/user-error.ts'
import { ownRules } from './finding.ts'
import { readRegularFile } from './regular-file.ts'

const defaultFile = 'bulkhead-check.yaml'
const apiVersion = 'check.bulkhead.dev/v1alpha1'
const maxConfigurationBytes = 1024 * 1024

export interface Exception {
  readonly rule: string
  /** A glob for the path of the file; undefined matches every file. */
  readonly path: string | undefined
  readonly kind: string | undefined
  readonly namespace: string | undefined
  readonly name: string | undefined
  /** The field, or a parent of it. */
  readonly field: string | undefined
  readonly owner: string
  readonly reason: string
  /** Milliseconds since the epoch. The exception has no effect from this time on. */
  readonly expires: number
}

export interface Configuration {
  /** The path of the file; undefined if there is none. */
  readonly file: string | undefined
  readonly disabled: ReadonlySet<string>
  readonly failOn: Severity | undefined
  readonly exceptions: readonly Exception[]
}

const noConfiguration: Configuration = { file: undefined, disabled: new Set(), failOn: undefined, exceptions: [] }

/** Reads the named file, or else the default file if it exists in the folder. Throws a `UserError` that names what is wrong. */
export function readConfiguration(named: string | undefined): Configuration {
  const file = named ?? defaultFile
  if (named === undefined && !existsSync(file)) return noConfiguration
  const text = readRegularFile(file, { maxBytes: maxConfigurationBytes, followLinks: named !== undefined })
  return parseConfiguration(text, file)
}

export function parseConfiguration(text: string, file: string): Configuration {
  const fail = (what: string): never => {
    throw new UserError(`Cannot use "${file}": ${what}`)
  }
  if (text.length > maxConfigurationBytes) fail(`it has more than ${maxConfigurationBytes} characters`)
  const value = strictYaml(text, fail)
  if (!isRecord(value)) return fail('it must be an object')
  onlyFields(value, ['apiVersion', 'kind', 'disable', 'failOn', 'exceptions'], '', fail)
  if (value['apiVersion'] !== apiVersion || value['kind'] !== 'CheckConfiguration') fail(`it must be a CheckConfiguration of ${apiVersion}`)
  const { disable = [], failOn, exceptions = [] } = value
  if (!Array.isArray(disable) || !disable.every(rule => typeof rule === 'string')) return fail('disable must be a list of rules')
  for (const [index, rule] of disable.entries()) requireRule(rule, `disable[${index}]`, fail)
  if (failOn !== undefined && failOn !== 'error' && failOn !== 'warning' && failOn !== 'note')
    return fail('failOn is "error", "warning" or "note"')
  if (!Array.isArray(exceptions)) return fail('exceptions must be a list')
  return {
    file,
    failOn,
    disabled: new Set(disable),
    exceptions: exceptions.map((entry, index) => exceptionOf(entry, `exceptions[${index}]`, fail)),
  }
}

const ruleNames: ReadonlySet<string> = new Set([
  ...manifestChecks.map(({ id }) => id),
  ...Object.keys(ownRules),
  ...plugins.map(({ name }) => name),
])

/** Without this check, a misspelt rule would stay on silently. */
function requireRule(name: string | undefined, at: string, fail: Fail): void {
  if (name === undefined || ruleNames.has(name)) return
  const same = [...ruleNames].find(rule => rule.toLowerCase().replaceAll('-', '') === name.toLowerCase().replaceAll(/[-_ ]/g, ''))
  fail(
    `${at} names the unknown rule "${name}"${same === undefined ? '; each finding ends with the name of its rule in brackets' : `; did you mean "${same}"?`}`,
  )
}

function exceptionOf(value: unknown, at: string, fail: Fail): Exception {
  if (!isRecord(value)) return fail(`${at} must be an object`)
  onlyFields(value, ['rule', 'path', 'kind', 'namespace', 'name', 'field', 'owner', 'reason', 'expires'], at, fail)
  const text = (key: string): string | undefined => {
    const member = value[key]
    if (member === undefined || (typeof member === 'string' && member.trim() !== '')) return member
    return fail(`${at}.${key} must be a string`)
  }
  requireRule(text('rule'), `${at}.rule`, fail)
  const demanded = (key: string): string => text(key) ?? fail(`${at} needs "${key}"`)
  const expires = demanded('expires')
  // A date ends with its last second in UTC.
  const end = /^\d{4}-\d{2}-\d{2}$/.test(expires) ? Date.parse(`${expires}T00:00:00Z`) + 86_400_000 : Date.parse(expires)
  if (!/^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.test(expires) || Number.isNaN(end))
    fail(`${at}.expires must be a day such as "2027-01-31", or a time of RFC 3339`)
  return {
    ...{ rule: demanded('rule'), owner: demanded('owner'), reason: demanded('reason'), expires: end },
    ...{ path: text('path'), kind: text('kind'), namespace: text('namespace'), name: text('name'), field: text('field') },
  }
}
