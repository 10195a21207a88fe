// Validates an AuthenticationConfiguration in upstream's order and words, and compiles its expressions.
import { X509Certificate } from 'node:crypto'
import { duplicate, type FieldError, forbiddenField, invalidValue, required, tooMany } from '../../api/field-error.ts'
import { parseReference } from '../../api/go-text/go-url.ts'
import { validateDomainPrefixedPath } from '../../api/resources/networking/domain-prefixed-path.ts'
import { compileExpression, selectsClaim, type TokenExpression } from './claim-expression.ts'
import type {
  AnonymousConfiguration,
  AuthenticationConfiguration,
  ClaimMappings,
  ClaimValidationRule,
  IssuerConfiguration,
  JwtConfiguration,
  PrefixedClaimOrExpression,
  UserValidationRule,
} from './configuration.ts'

const maxAuthenticators = 64
const bothSet = "claim and expression can't both be set"
const matchAny = 'MatchAny'

export interface CompiledRule {
  readonly expression: TokenExpression
  readonly message: string
}

export interface CompiledJwt {
  readonly configuration: JwtConfiguration
  readonly username: TokenExpression | undefined
  readonly groups: TokenExpression | undefined
  readonly uid: TokenExpression | undefined
  readonly extra: readonly { readonly key: string; readonly expression: TokenExpression }[]
  readonly claimRules: readonly CompiledRule[]
  readonly userRules: readonly CompiledRule[]
}

export interface CompileScope {
  /** Issuers whose tokens belong to other authenticators. */
  readonly disallowedIssuers: readonly string[]
  /** Paths that may be open to anonymous requests, with their subpaths; a configuration cannot open more. */
  readonly anonymousPaths: readonly string[]
}

export interface CompiledConfiguration {
  readonly errors: readonly FieldError[]
  /** Only valid without errors. */
  readonly jwt: readonly CompiledJwt[]
}

export function compileConfiguration({ jwt, anonymous }: AuthenticationConfiguration, scope: CompileScope): CompiledConfiguration {
  if (jwt.length > maxAuthenticators) return { errors: [tooMany('jwt', jwt.length, maxAuthenticators)], jwt: [] }
  const errors: FieldError[] = []
  const seen = { url: new Set<string>(), discoveryURL: new Set<string>() }
  const compiled = jwt.map((configuration, index) => {
    const at = `jwt[${index}]`
    validateIssuer(configuration.issuer, scope.disallowedIssuers, `${at}.issuer`, errors)
    const made = new Compilation(errors).jwt(configuration, at)
    for (const field of ['url', 'discoveryURL'] as const) {
      const value = configuration.issuer[field]
      if (field === 'discoveryURL' && value === '') continue
      if (seen[field].has(value)) errors.push(duplicate(`${at}.issuer.${field}`, value))
      seen[field].add(value)
    }
    return made
  })
  if (anonymous !== undefined) validateAnonymous(anonymous, scope.anonymousPaths, errors)
  return { errors, jwt: compiled }
}

function validateAnonymous({ enabled, paths }: AnonymousConfiguration, allowed: readonly string[], errors: FieldError[]): void {
  const conditions = 'anonymous.conditions'
  if (!enabled && paths.length > 0)
    errors.push(invalidValue(conditions, paths, 'enabled should be set to true when conditions are defined'))
  if (!enabled) return
  const wanted = `at most ${allowed.join(', ')} and what is below them answer without credentials`
  if (paths.length === 0) errors.push(forbiddenField('anonymous.enabled', `conditions are needed: ${wanted}`))
  paths.forEach((path, index) => {
    if (!allowed.some(known => path === known || path.startsWith(`${known}/`)))
      errors.push(forbiddenField(`${conditions}[${index}].path`, wanted))
  })
}

function validateIssuer(issuer: IssuerConfiguration, disallowed: readonly string[], at: string, errors: FieldError[]): void {
  const { url, discoveryURL, audiences, audienceMatchPolicy, certificateAuthority } = issuer
  if (url === '') errors.push(required(`${at}.url`))
  else validateUrl(url, disallowed, `${at}.url`, errors)
  if (discoveryURL !== '') {
    const trimmed = (text: string): string => text.replace(/\/+$/, '')
    if (url !== '' && trimmed(url) === trimmed(discoveryURL))
      errors.push(invalidValue(`${at}.discoveryURL`, discoveryURL, 'discoveryURL must be different from URL'))
    validateUrl(discoveryURL, [], `${at}.discoveryURL`, errors)
  }
  validateAudiences(audiences, audienceMatchPolicy, at, errors)
  if (certificateAuthority !== '' && !isCertificates(certificateAuthority))
    errors.push(invalidValue(`${at}.certificateAuthority`, '<omitted>', 'data does not contain any valid RSA or ECDSA certificates'))
}

function validateUrl(url: string, disallowed: readonly string[], at: string, errors: FieldError[]): void {
  const refuse = (why: string) => errors.push(invalidValue(at, url, why))
  if (disallowed.includes(url)) refuse(`URL must not overlap with disallowed issuers: [${[...disallowed].sort().join(' ')}]`)
  const read = parseReference(url)
  if (typeof read === 'string') {
    refuse(read)
    return
  }
  if (read.scheme !== 'https') refuse('URL scheme must be https')
  else if (read.host === '' || !URL.canParse(url)) refuse('URL must name a host')
  if (read.user !== undefined) refuse('URL must not contain a username or password')
  if (read.query !== '') refuse('URL must not contain a query')
  if (read.fragment !== '') refuse('URL must not contain a fragment')
}

function validateAudiences(audiences: readonly string[], policy: string, issuerAt: string, errors: FieldError[]): void {
  const at = `${issuerAt}.audiences`
  if (audiences.length === 0) {
    errors.push(required(at, `at least one ${at} is required`))
    return
  }
  audiences.forEach((audience, index) => {
    if (audience === '') errors.push(required(`${at}[${index}]`))
    if (audiences.indexOf(audience) < index) errors.push(duplicate(`${at}[${index}]`, audience))
  })
  const refuse = (why: string) => errors.push(invalidValue(`${issuerAt}.audienceMatchPolicy`, policy, `audienceMatchPolicy must be ${why}`))
  if (audiences.length > 1 && policy !== matchAny) refuse('MatchAny for multiple audiences')
  if (audiences.length === 1 && policy !== '' && policy !== matchAny) refuse('empty or MatchAny for single audience')
}

function isCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.length > 0 && blocks.every(isCertificate)
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).raw.length > 0
  } catch {
    // Node throws a different error for each fault.
    return false
  }
}

/** The expressions of one authenticator. */
class Compilation {
  readonly #errors: FieldError[]

  constructor(errors: FieldError[]) {
    this.#errors = errors
  }

  jwt(configuration: JwtConfiguration, at: string): CompiledJwt {
    const claimRules = this.#claimRules(configuration.claimValidationRules, `${at}.claimValidationRules`)
    const mappings = this.#mappings(configuration.claimMappings, claimRules, `${at}.claimMappings`)
    return {
      configuration,
      claimRules,
      ...mappings,
      userRules: this.#userRules(configuration.userValidationRules, `${at}.userValidationRules`),
    }
  }

  #claimRules(rules: readonly ClaimValidationRule[], at: string): CompiledRule[] {
    const claims = new Set<string>()
    const expressions = new Set<string>()
    return rules.flatMap(({ claim, requiredValue, expression, message }, index) => {
      const place = `${at}[${index}]`
      if (claim !== '' && expression !== '') this.#errors.push(invalidValue(place, claim, bothSet))
      else if (claim === '' && expression === '') this.#errors.push(required(place, 'claim or expression is required'))
      else if (claim !== '') {
        if (message !== '') this.#errors.push(invalidValue(`${place}.message`, message, 'may not be specified when claim is set'))
        this.#once(claims, claim, `${place}.claim`)
      } else {
        if (requiredValue !== '')
          this.#errors.push(invalidValue(`${place}.requiredValue`, requiredValue, 'may not be specified when expression is set'))
        if (this.#once(expressions, expression, `${place}.expression`))
          return this.#compile(expression, 'claims', `${place}.expression`, true, compiled => ({ expression: compiled, message }))
      }
      return []
    })
  }

  #mappings({ username, groups, uid, extra }: ClaimMappings, claimRules: readonly CompiledRule[], at: string) {
    const name = this.#prefixed(username, `${at}.username`, true)
    const ofGroups = this.#prefixed(groups, `${at}.groups`, false)
    let ofUid: TokenExpression | undefined
    if (uid.claim !== '' && uid.expression !== '') this.#errors.push(invalidValue(`${at}.uid`, '', bothSet))
    else if (uid.expression !== '') [ofUid] = this.#compile(uid.expression, 'claims', `${at}.uid.expression`, false, compiled => compiled)
    const keys = new Set<string>()
    const extras = extra.flatMap(({ key, valueExpression }, index) => {
      const place = `${at}.extra[${index}]`
      this.#validateExtraKey(key, `${place}.key`)
      if (!this.#once(keys, key, `${place}.key`)) return []
      const field = `${place}.valueExpression`
      if (valueExpression === '') this.#errors.push(required(field))
      else return this.#compile(valueExpression, 'claims', field, false, expression => ({ key, expression }))
      return []
    })
    const mayVerify = [...claimRules, ...extras].map(({ expression }) => expression)
    if (name !== undefined && selectsClaim(name, 'email') && ![name, ...mayVerify].some(used => selectsClaim(used, 'email_verified'))) {
      const where = 'claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression'
      const why = `claims.email_verified must be used in ${where} when claims.email is used in claimMappings.username.expression`
      this.#errors.push(invalidValue(`${at}.username.expression`, username.expression, why))
    }
    return { username: name, groups: ofGroups, uid: ofUid, extra: extras }
  }

  #validateExtraKey(key: string, at: string): void {
    validateDomainPrefixedPath(key, at, this.#errors)
    if (key !== key.toLowerCase()) this.#errors.push(invalidValue(at, key, 'must be lowercase'))
    const domain = key.includes('/') ? key.slice(0, key.indexOf('/')) : ''
    if (['kubernetes.io', 'k8s.io'].some(reserved => domain === reserved || domain.endsWith(`.${reserved}`)))
      this.#errors.push(invalidValue(at, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'))
  }

  #prefixed({ claim, prefix, expression }: PrefixedClaimOrExpression, at: string, isRequired: boolean): TokenExpression | undefined {
    if (claim !== '' && expression !== '') this.#errors.push(invalidValue(at, '', bothSet))
    else if (expression !== '') {
      if (prefix !== undefined) this.#errors.push(invalidValue(`${at}.prefix`, prefix, 'may not be specified when expression is set'))
      return this.#compile(expression, 'claims', `${at}.expression`, false, compiled => compiled)[0]
    } else if (claim !== '') {
      const why = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing'
      if (prefix === undefined) this.#errors.push(required(`${at}.prefix`, why))
    } else if (isRequired) this.#errors.push(required(at, 'claim or expression is required'))
    return undefined
  }

  #userRules(rules: readonly UserValidationRule[], at: string): CompiledRule[] {
    const seen = new Set<string>()
    return rules.flatMap(({ expression, message }, index) => {
      const field = `${at}[${index}].expression`
      if (expression === '') this.#errors.push(required(field))
      else if (this.#once(seen, expression, field))
        return this.#compile(expression, 'user', field, true, compiled => ({ expression: compiled, message }))
      return []
    })
  }

  #once(seen: Set<string>, value: string, field: string): boolean {
    if (seen.has(value)) this.#errors.push(duplicate(field, value))
    else return seen.add(value).has(value)
    return false
  }

  /** One, or none if it does not compile. */
  #compile<T>(text: string, variable: 'claims' | 'user', field: string, decides: boolean, make: (expression: TokenExpression) => T): T[] {
    const compiled = compileExpression(text, variable, field, decides)
    if (!('field' in compiled)) return [make(compiled)]
    this.#errors.push(compiled)
    return []
  }
}
