// Reads an audit policy (audit.k8s.io/v1) with the messages of kube-apiserver, and refuses parts that would have no effect.
import { type FieldError, formatFieldError, invalidValue, notSupported, required } from '../../api/field-error.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { type Fail, onlyFields, strictYaml } from '../../api/schema/strict-yaml.ts'
import { dns1123Subdomain } from '../../api/validation/names.ts'
import { isTexts } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import type { AuditPolicy } from './policy.ts'

export const maxAuditRules = 1000

const levels = ['Metadata', 'None', 'Request', 'RequestResponse']
const stages = ['Panic', 'RequestReceived', 'ResponseComplete', 'ResponseStarted']
const bothKinds = 'rules cannot apply to both regular resources and non-resource URLs'

type Json = Readonly<Record<string, unknown>>

/** Throws a UserError that names `file`. */
export function readAuditPolicy(text: string, file: string): AuditPolicy {
  const fail: Fail = what => {
    throw new UserError(`Cannot use the audit policy "${file}": ${what}`)
  }
  const value = strictYaml(text, fail)
  if (!isRecord(value)) return fail('it must be an object')
  if (value['apiVersion'] !== 'audit.k8s.io/v1' || value['kind'] !== 'Policy') return fail('it must be a Policy of audit.k8s.io/v1')
  const reader = new Reader(fail)
  reader.only(value, ['apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields'], '')
  const rules = value['rules'] ?? []
  if (!Array.isArray(rules) || rules.length === 0) return fail('loaded illegal policy with 0 rules')
  if (rules.length > maxAuditRules) return fail(`it has ${rules.length} rules, at most ${maxAuditRules} are read`)
  const policy = {
    ...reader.stagesAndFields(value, ''),
    rules: rules.map((rule: unknown, index) => reader.rule(rule, `rules[${index}]`)),
  }
  return reader.errors.length > 0 ? fail(reader.errors.map(formatFieldError).join('; ')) : policy
}

class Reader {
  readonly errors: FieldError[] = []
  readonly #fail: Fail

  constructor(fail: Fail) {
    this.#fail = fail
  }

  only(value: Json, known: readonly string[], at: string): void {
    onlyFields(value, known, at, this.#fail)
  }

  rule(value: unknown, at: string): AuditPolicy['rules'][number] {
    if (!isRecord(value)) return this.#fail(`${at} must be an object`)
    const fields = [
      'level',
      'users',
      'userGroups',
      'verbs',
      'resources',
      'namespaces',
      'nonResourceURLs',
      'omitStages',
      'omitManagedFields',
    ]
    this.only(value, fields, at)
    const { level = '' } = value
    if (level === '') this.errors.push(required(`${at}.level`))
    else if (!isLevel(level)) this.errors.push(notSupported(`${at}.level`, String(level), levels))
    const rule = {
      level: isLevel(level) ? level : ('None' as const),
      users: this.#texts(value['users'], `${at}.users`),
      userGroups: this.#texts(value['userGroups'], `${at}.userGroups`),
      verbs: this.#texts(value['verbs'], `${at}.verbs`),
      namespaces: this.#texts(value['namespaces'], `${at}.namespaces`),
      nonResourceURLs: this.#texts(value['nonResourceURLs'], `${at}.nonResourceURLs`),
      resources: this.#resources(value['resources'] ?? [], `${at}.resources`),
      ...this.stagesAndFields(value, `${at}.`),
    }
    this.#validateUrls(rule.nonResourceURLs, `${at}.nonResourceURLs`)
    if (rule.nonResourceURLs.length > 0 && (rule.resources.length > 0 || rule.namespaces.length > 0)) {
      this.errors.push(invalidValue(`${at}.nonResourceURLs`, rule.nonResourceURLs, bothKinds))
    }
    return rule
  }

  stagesAndFields(value: Json, at: string): Pick<AuditPolicy, 'omitStages' | 'omitManagedFields'> {
    const omitStages = this.#texts(value['omitStages'], `${at}omitStages`)
    omitStages.forEach((stage, index) => {
      if (!stages.includes(stage)) this.errors.push(notSupported(`${at}omitStages[${index}]`, stage, stages))
    })
    const { omitManagedFields } = value
    if (omitManagedFields === undefined) return { omitStages }
    return typeof omitManagedFields === 'boolean'
      ? { omitStages, omitManagedFields }
      : this.#fail(`${at}omitManagedFields is true or false`)
  }

  #texts(value: unknown, at: string): string[] {
    const list: unknown = value ?? []
    if (isTexts(list)) return list
    return this.#fail(`${at} must be a list of strings`)
  }

  #resources(value: unknown, at: string) {
    if (!Array.isArray(value)) return this.#fail(`${at} must be a list`)
    return value.map((entry: unknown, index) => {
      const place = `${at}[${index}]`
      if (!isRecord(entry)) return this.#fail(`${place} must be an object`)
      this.only(entry, ['group', 'resources', 'resourceNames'], place)
      const { group = '' } = entry
      if (typeof group !== 'string') return this.#fail(`${place}.group must be a string`)
      // The core group is written as '', although its resources use v1.
      const wrong = group === '' ? [] : dns1123Subdomain(group)
      for (const message of wrong) this.errors.push(invalidValue(`${place}.group`, group, message))
      const resources = this.#texts(entry['resources'], `${place}.resources`)
      const resourceNames = this.#texts(entry['resourceNames'], `${place}.resourceNames`)
      if (resourceNames.length > 0 && resources.length === 0) {
        this.errors.push(invalidValue(`${place}.resourceNames`, resourceNames, 'using resourceNames requires at least one resource'))
      }
      return { group, resources, resourceNames }
    })
  }

  #validateUrls(urls: readonly string[], at: string): void {
    urls.forEach((url, index) => {
      if (url === '*') return
      if (!url.startsWith('/'))
        this.errors.push(invalidValue(`${at}[${index}]`, url, "non-resource URL rules must begin with a '/' character"))
      else if (url.slice(0, -1).includes('*')) {
        this.errors.push(invalidValue(`${at}[${index}]`, url, "non-resource URL wildcards '*' must be the final character of the rule"))
      }
    })
  }
}

function isLevel(level: unknown): level is AuditPolicy['rules'][number]['level'] {
  return typeof level === 'string' && levels.includes(level)
}
