// Reads what logs, Events and the audit log may show of each data class.
import { dataClasses, defaultHandling, type Handling, type HandlingOfClasses } from '../../api/data-classes/data-class.ts'
import { type Fail, onlyFields } from '../../api/schema/strict-yaml.ts'
import type { Config } from '../../base/config/config.ts'
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { readSettingsText } from './settings-text.ts'

const apiVersion = 'bulkhead.dev/v1alpha1'
const choices = {
  audit: ['record', 'sealed', 'metadata'],
  logs: ['show', 'redact'],
  events: ['show', 'mask', 'omit'],
} as const satisfies { readonly [K in keyof Handling]: readonly Handling[K][] }

/** Undefined if no file is set. */
export async function dataClassesOf({ dataClassesFile: file }: Pick<Config, 'dataClassesFile'>): Promise<HandlingOfClasses | undefined> {
  if (file === undefined) return undefined
  const text = readSettingsText(file, `the data classes "${file}"`)
  // Loaded only if needed, because it brings a YAML parser.
  const { strictYaml } = await import('../../api/schema/strict-yaml.ts')
  const fail: Fail = what => {
    throw new UserError(`Cannot use the data classes "${file}": ${what}`)
  }
  return parseDataClasses(strictYaml(text, fail), fail)
}

/** What is not listed has its default. */
export function parseDataClasses(value: unknown, fail: Fail): HandlingOfClasses {
  if (!isJsonObject(value)) return fail('it must be an object')
  onlyFields(value, ['apiVersion', 'kind', 'classes'], '', fail)
  if (value['apiVersion'] !== apiVersion || value['kind'] !== 'DataClasses') return fail(`it must be DataClasses of ${apiVersion}`)
  const classes = value['classes'] ?? {}
  if (!isJsonObject(classes)) return fail('classes must be an object')
  onlyFields(classes, [...dataClasses], 'classes.', fail)
  const read = (name: keyof HandlingOfClasses): Handling => handlingOf(classes[name] ?? {}, defaultHandling[name], `classes.${name}`, fail)
  return { public: read('public'), internal: read('internal'), confidential: read('confidential'), personal: read('personal') }
}

function handlingOf(value: unknown, otherwise: Handling, at: string, fail: Fail): Handling {
  if (!isJsonObject(value)) return fail(`${at} must be an object`)
  onlyFields(value, Object.keys(choices), `${at}.`, fail)
  const choice = <K extends keyof Handling>(field: K, allowed: readonly Handling[K][]): Handling[K] => {
    const chosen = value[field]
    if (chosen === undefined) return otherwise[field]
    return allowed.find(each => each === chosen) ?? fail(`${at}.${field} must be ${allowed.join(' or ')}, got ${writeJson(chosen)}`)
  }
  return {
    audit: choice('audit', choices.audit),
    logs: choice('logs', choices.logs),
    events: choice('events', choices.events),
  }
}
