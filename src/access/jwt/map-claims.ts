// Maps verified claims to a user: name, groups, uid and extra, and evaluates the rules of the configuration. A refusal names the rule,
// never the content of the token.
import type { CelValue } from '../../api/cel/values/values.ts'
import { goQuote } from '../../api/go-text/go-quote.ts'
import type { UserInfo } from '../../api/user.ts'
import { getOwn, setOwn } from '../../base/data/own-property.ts'
import { isTexts } from '../../base/json.ts'
import { authenticatedGroup, credentialIdExtra } from '../access.ts'
import { evaluate, type TokenExpression } from './claim-expression.ts'
import type { CompiledJwt, CompiledRule } from './compile-configuration.ts'
import type { Claims } from './signed-token.ts'

export type MappedUser = { readonly user: UserInfo } | Refused
interface Refused {
  readonly refused: string
}
type Found<T> = { readonly value: T } | Refused

const refuse = (why: string): Refused => ({ refused: `oidc: ${why}` })
const reservedPrefix = 'system:'

export interface MappingOptions {
  /** Whether a token may map to reserved users and groups of the cluster. */
  readonly allowsReserved: boolean
}

export function mapClaims(claims: Claims, compiled: CompiledJwt, { allowsReserved }: MappingOptions): MappedUser {
  const { configuration } = compiled
  const name = username(claims, compiled)
  if ('refused' in name) return name
  const groups = groupsOf(claims, compiled)
  if ('refused' in groups) return groups
  const uid = uidOf(claims, compiled)
  if ('refused' in uid) return uid
  const extra = extraOf(claims, compiled)
  if ('refused' in extra) return extra
  const refused =
    missingClaim(claims, configuration.claimValidationRules) ??
    brokenRule(compiled.claimRules, asValue(claims), 'claim validation expression') ??
    brokenRule(
      compiled.userRules,
      { username: name.value, uid: uid.value, groups: groups.value, extra: extra.value },
      'user info validation rule',
    )
  if (refused !== undefined) return refused
  if (!allowsReserved && [name.value, ...groups.value].some(text => text.startsWith(reservedPrefix)))
    return refuse(`users and groups whose names begin with ${goQuote(reservedPrefix)} are the cluster's own`)
  return {
    user: {
      name: name.value,
      ...(uid.value === '' ? {} : { uid: uid.value }),
      groups: [...groups.value.filter(group => group !== authenticatedGroup), authenticatedGroup],
      ...(Object.keys(extra.value).length === 0 ? {} : { extra: extra.value }),
    },
  }
}

/** Decoded JSON is already a CEL value. */
const asValue = (claims: Claims): CelValue => claims as CelValue

function username(claims: Claims, { username: expression, configuration }: CompiledJwt): Found<string> {
  const { claim, prefix = '' } = configuration.claimMappings.username
  if (expression !== undefined) {
    const found = textOf(expression, claims, 'username')
    return 'value' in found && found.value === '' ? refuse('empty username via CEL expression is not allowed') : found
  }
  const name = textClaim(claims, claim, `parse username claims ${goQuote(claim)}`)
  if ('refused' in name) return name
  if (claim === 'email' && Object.hasOwn(claims, 'email_verified') && claims['email_verified'] !== true) return refuse('email not verified')
  return prefix + name.value === '' ? refuse('empty username is not allowed') : { value: prefix + name.value }
}

function groupsOf(claims: Claims, { groups: expression, configuration }: CompiledJwt): Found<readonly string[]> {
  const { claim, prefix = '' } = configuration.claimMappings.groups
  if (expression !== undefined) return textsOf(expression, claims, 'error evaluating group claim expression')
  if (claim === '') return { value: [] }
  const given = getOwn(claims, claim)
  if (given === undefined) {
    const names = getOwn(claims, '_claim_names')
    const isElsewhere = typeof names === 'object' && names !== null && Object.hasOwn(names, claim)
    // Without it the user would seem to have no groups, and rules may check that.
    return isElsewhere ? refuse('could not expand distributed claims: they are not supported') : { value: [] }
  }
  const list: unknown = typeof given === 'string' ? [given] : (given ?? [])
  if (!isTexts(list)) return refuse(`parse groups claim ${goQuote(claim)}: it is neither a text nor a list of strings`)
  return { value: list.map(group => prefix + group) }
}

function uidOf(claims: Claims, { uid: expression, configuration }: CompiledJwt): Found<string> {
  const { claim } = configuration.claimMappings.uid
  if (expression !== undefined) return textOf(expression, claims, 'uid')
  return claim === '' ? { value: '' } : textClaim(claims, claim, `parse uid claim ${goQuote(claim)}`)
}

function extraOf(claims: Claims, { extra }: CompiledJwt): Found<Record<string, readonly string[]>> {
  const made: Record<string, readonly string[]> = {}
  const id = tokenId(claims)
  if (id !== undefined) made[credentialIdExtra] = [`JTI=${id}`]
  for (const { key, expression } of extra) {
    const found = textsOf(expression, claims, 'error evaluating extra claim expression')
    if ('refused' in found) return found
    if (found.value.length > 0) setOwn(made, key, found.value)
  }
  return { value: made }
}

/** The id with which a token can be denied. */
export function tokenId(claims: Claims): string | undefined {
  const id = getOwn(claims, 'jti')
  return typeof id === 'string' && id !== '' ? id : undefined
}

function textClaim(claims: Claims, claim: string, doing: string): Found<string> {
  const given = getOwn(claims, claim)
  if (typeof given === 'string') return { value: given }
  return refuse(`${doing}: ${given === undefined ? 'claim not present' : 'it is not a string'}`)
}

function textOf(expression: TokenExpression, claims: Claims, what: 'username' | 'uid'): Found<string> {
  const doing = `error evaluating ${what} claim expression`
  const found = evaluate(expression, asValue(claims))
  if ('refused' in found) return refuse(`${doing}: ${found.refused}`)
  const { value } = found
  return typeof value === 'string' ? { value } : refuse(`${doing}: ${what} claim expression must return a string`)
}

/** Empty strings count as absent. */
function textsOf(expression: TokenExpression, claims: Claims, doing: string): Found<readonly string[]> {
  const found = evaluate(expression, asValue(claims))
  if ('refused' in found) return refuse(`${doing}: ${found.refused}`)
  const { value } = found
  const list: unknown = typeof value === 'string' ? [value] : (value ?? [])
  if (!isTexts(list)) return refuse(`${doing}: ${expression.text}: expression must return a string or a list of strings`)
  return { value: list.filter(text => text !== '') }
}

function missingClaim(claims: Claims, rules: CompiledJwt['configuration']['claimValidationRules']): Refused | undefined {
  for (const { claim, requiredValue } of rules) {
    if (claim === '') continue
    const given = getOwn(claims, claim)
    if (given === undefined) return refuse(`required claim ${claim} not present in ID token`)
    if (given !== requiredValue) return refuse(`required claim ${claim} value does not match`)
  }
  return undefined
}

function brokenRule(rules: readonly CompiledRule[], value: CelValue, what: string): Refused | undefined {
  for (const { expression, message } of rules) {
    const found = evaluate(expression, value)
    if ('refused' in found) return refuse(`error evaluating ${what}: ${found.refused}`)
    if (found.value !== true) return refuse(`error evaluating ${what}: validation expression '${expression.text}' failed: ${message}`)
  }
  return undefined
}
