// Decodes the file of an AuthenticationConfiguration: YAML without duplicate keys, with known fields of the right types only.
import { type Fail, onlyFields, strictYaml } from '../../api/schema/strict-yaml.ts'
import { isJsonObject } from '../../base/json.ts'
import type { AuthenticationConfiguration, ClaimOrExpression, JwtConfiguration, PrefixedClaimOrExpression } from './configuration.ts'

const group = 'apiserver.config.k8s.io'
const versions = ['v1beta1', 'v1alpha1']
/** Above upstream's limits, which validation reports. */
const maxItems = 1000

type Json = Readonly<Record<string, unknown>>

/** `fail` is called with the first fault. */
export function decodeConfiguration(text: string, fail: Fail): AuthenticationConfiguration {
  const file = strictYaml(text, fail)
  if (!isJsonObject(file)) return fail('it must be an object')
  const { apiVersion, kind } = file
  if (kind !== 'AuthenticationConfiguration' || !versions.some(version => apiVersion === `${group}/${version}`))
    return fail(`it must be an AuthenticationConfiguration of ${versions.map(version => `${group}/${version}`).join(' or ')}`)
  const decoder = new Decoder(fail)
  onlyFields(file, ['apiVersion', 'kind', 'jwt', 'anonymous'], '', fail)
  const jwt = decoder.list(file['jwt'], 'jwt', (item, at) => decoder.jwt(item, at))
  if (file['anonymous'] === undefined || file['anonymous'] === null) return { jwt }
  const anonymous = decoder.object(file['anonymous'], ['enabled', 'conditions'], 'anonymous')
  const { enabled = false } = anonymous
  if (typeof enabled !== 'boolean') return fail('anonymous.enabled is neither true nor false')
  const paths = decoder.list(anonymous['conditions'], 'anonymous.conditions', (item, at) =>
    decoder.text(decoder.object(item, ['path'], at), 'path', at),
  )
  return { jwt, anonymous: { enabled, paths } }
}

class Decoder {
  readonly #fail: Fail

  constructor(fail: Fail) {
    this.#fail = fail
  }

  jwt(value: unknown, at: string): JwtConfiguration {
    const given = this.object(value, ['issuer', 'claimValidationRules', 'claimMappings', 'userValidationRules'], at)
    const issuerAt = `${at}.issuer`
    const issuer = this.object(
      given['issuer'],
      ['url', 'discoveryURL', 'certificateAuthority', 'audiences', 'audienceMatchPolicy'],
      issuerAt,
    )
    const mappingsAt = `${at}.claimMappings`
    const mappings = this.object(given['claimMappings'], ['username', 'groups', 'uid', 'extra'], mappingsAt)
    return {
      issuer: {
        url: this.text(issuer, 'url', issuerAt),
        discoveryURL: this.text(issuer, 'discoveryURL', issuerAt),
        certificateAuthority: this.text(issuer, 'certificateAuthority', issuerAt),
        audiences: this.list(issuer['audiences'], `${issuerAt}.audiences`, (item, place) =>
          typeof item === 'string' ? item : this.#fail(`${place} must be a string`),
        ),
        audienceMatchPolicy: this.text(issuer, 'audienceMatchPolicy', issuerAt),
      },
      claimMappings: {
        username: this.#prefixed(mappings['username'], `${mappingsAt}.username`),
        groups: this.#prefixed(mappings['groups'], `${mappingsAt}.groups`),
        uid: this.#claimOrExpression(this.object(mappings['uid'], ['claim', 'expression'], `${mappingsAt}.uid`), `${mappingsAt}.uid`),
        extra: this.list(mappings['extra'], `${mappingsAt}.extra`, (item, place) => {
          const mapping = this.object(item, ['key', 'valueExpression'], place)
          return { key: this.text(mapping, 'key', place), valueExpression: this.text(mapping, 'valueExpression', place) }
        }),
      },
      claimValidationRules: this.list(given['claimValidationRules'], `${at}.claimValidationRules`, (item, place) => {
        const rule = this.object(item, ['claim', 'requiredValue', 'expression', 'message'], place)
        const requiredValue = this.text(rule, 'requiredValue', place)
        return { ...this.#claimOrExpression(rule, place), requiredValue, message: this.text(rule, 'message', place) }
      }),
      userValidationRules: this.list(given['userValidationRules'], `${at}.userValidationRules`, (item, place) => {
        const rule = this.object(item, ['expression', 'message'], place)
        return { expression: this.text(rule, 'expression', place), message: this.text(rule, 'message', place) }
      }),
    }
  }

  /** An absent value is an object without fields. */
  object(value: unknown, known: readonly string[], at: string): Json {
    const given = value ?? {}
    if (!isJsonObject(given)) return this.#fail(`${at} must be an object`)
    onlyFields(given, known, at, this.#fail)
    return given
  }

  text(value: Json, field: string, at: string): string {
    const given = value[field] ?? ''
    return typeof given === 'string' ? given : this.#fail(`${at}.${field} must be a string`)
  }

  list<T>(value: unknown, at: string, read: (item: unknown, at: string) => T): T[] {
    const given = value ?? []
    if (!Array.isArray(given)) return this.#fail(`${at} must be a list`)
    if (given.length > maxItems) return this.#fail(`${at} has ${given.length} items, at most ${maxItems} are read`)
    return given.map((item: unknown, index) => read(item, `${at}[${index}]`))
  }

  #claimOrExpression(value: Json, at: string): ClaimOrExpression {
    return { claim: this.text(value, 'claim', at), expression: this.text(value, 'expression', at) }
  }

  #prefixed(value: unknown, at: string): PrefixedClaimOrExpression {
    const given = this.object(value, ['claim', 'prefix', 'expression'], at)
    const { prefix } = given
    const isGiven = prefix !== undefined && prefix !== null
    return { ...this.#claimOrExpression(given, at), ...(isGiven ? { prefix: this.text(given, 'prefix', at) } : {}) }
  }
}
