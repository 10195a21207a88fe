// The configuration file of `bulkhead check`: which rules are off, and exceptions, each with an owner, a reason and an end.
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
  /** A glob that the file's path matches; absent: every file. */
  readonly path: string | undefined
  readonly kind: string | undefined
  readonly namespace: string | undefined
  readonly name: string | undefined
  /** The field, or a part of the object that it is in. */
  readonly field: string | undefined
  readonly owner: string
  readonly reason: string
  /** Milliseconds since the epoch; from then on it has no effect. */
  readonly expires: number
}

export interface Configuration {
  /** As it was named; undefined where there is none. */
  readonly file: string | undefined
  readonly disabled: ReadonlySet<string>
  readonly failOn: Severity | undefined
  readonly exceptions: readonly Exception[]
}

const noConfiguration: Configuration = { file: undefined, disabled: new Set(), failOn: undefined, exceptions: [] }

/** The file that is named, or else the one of the default name in the folder where there is one. Throws a `UserError` that says what is wrong with it. */
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
  if (!isRecord(value)) return fail('it is no object')
  onlyFields(value, ['apiVersion', 'kind', 'disable', 'failOn', 'exceptions'], '', fail)
  if (value['apiVersion'] !== apiVersion || value['kind'] !== 'CheckConfiguration') fail(`it is no CheckConfiguration of ${apiVersion}`)
  const { disable = [], failOn, exceptions = [] } = value
  if (!Array.isArray(disable) || !disable.every(rule => typeof rule === 'string')) return fail('disable is no list of rules')
  for (const [index, rule] of disable.entries()) requireRule(rule, `disable[${index}]`, fail)
  if (failOn !== undefined && failOn !== 'error' && failOn !== 'warning' && failOn !== 'note')
    return fail('failOn is "error", "warning" or "note"')
  if (!Array.isArray(exceptions)) return fail('exceptions is no list')
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

/** A rule that is misspelt stays on without a word. */
function requireRule(name: string | undefined, at: string, fail: Fail): void {
  if (name === undefined || ruleNames.has(name)) return
  const same = [...ruleNames].find(rule => rule.toLowerCase().replaceAll('-', '') === name.toLowerCase().replaceAll(/[-_ ]/g, ''))
  fail(
    `${at} names the rule "${name}", and there is none${same === undefined ? ': findings end with the name of their rule in brackets' : `: do you mean "${same}"?`}`,
  )
}

function exceptionOf(value: unknown, at: string, fail: Fail): Exception {
  if (!isRecord(value)) return fail(`${at} is no object`)
  onlyFields(value, ['rule', 'path', 'kind', 'namespace', 'name', 'field', 'owner', 'reason', 'expires'], at, fail)
  const text = (key: string): string | undefined => {
    const member = value[key]
    if (member === undefined || (typeof member === 'string' && member.trim() !== '')) return member
    return fail(`${at}.${key} is no text`)
  }
  requireRule(text('rule'), `${at}.rule`, fail)
  const demanded = (key: string): string => text(key) ?? fail(`${at} needs "${key}"`)
  const expires = demanded('expires')
  // A day ends with its last second, wherever it is read.
  const end = /^\d{4}-\d{2}-\d{2}$/.test(expires) ? Date.parse(`${expires}T00:00:00Z`) + 86_400_000 : Date.parse(expires)
  if (!/^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.test(expires) || Number.isNaN(end))
    fail(`${at}.expires is a day such as "2027-01-31", or a time of RFC 3339`)
  return {
    ...{ rule: demanded('rule'), owner: demanded('owner'), reason: demanded('reason'), expires: end },
    ...{ path: text('path'), kind: text('kind'), namespace: text('namespace'), name: text('name'), field: text('field') },
  }
}
