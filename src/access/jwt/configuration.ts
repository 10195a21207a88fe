// kube-apiserver's AuthenticationConfiguration: accepted issuers, and the users of their tokens. '' stands for an absent string.

export interface ClaimOrExpression {
  readonly claim: string
  readonly expression: string
}

export interface PrefixedClaimOrExpression extends ClaimOrExpression {
  /** Undefined differs from '': a claim needs a prefix, even an empty one. */
  readonly prefix?: string
}

export interface ExtraMapping {
  readonly key: string
  readonly valueExpression: string
}

export interface ClaimValidationRule extends ClaimOrExpression {
  readonly requiredValue: string
  readonly message: string
}

export interface UserValidationRule {
  readonly expression: string
  readonly message: string
}

export interface IssuerConfiguration {
  readonly url: string
  readonly discoveryURL: string
  /** PEM; '' for the system's authorities. */
  readonly certificateAuthority: string
  readonly audiences: readonly string[]
  readonly audienceMatchPolicy: string
}

export interface ClaimMappings {
  readonly username: PrefixedClaimOrExpression
  readonly groups: PrefixedClaimOrExpression
  readonly uid: ClaimOrExpression
  readonly extra: readonly ExtraMapping[]
}

export interface JwtConfiguration {
  readonly issuer: IssuerConfiguration
  readonly claimMappings: ClaimMappings
  readonly claimValidationRules: readonly ClaimValidationRule[]
  readonly userValidationRules: readonly UserValidationRule[]
}

export interface AnonymousConfiguration {
  readonly enabled: boolean
  /** The paths of its conditions. */
  readonly paths: readonly string[]
}

export interface AuthenticationConfiguration {
  readonly jwt: readonly JwtConfiguration[]
  readonly anonymous?: AnonymousConfiguration
}

/** The URL of the issuer's discovery document; documents must come from exactly there. */
export function discoveryUrl({ url, discoveryURL }: IssuerConfiguration): string {
  return discoveryURL === '' ? `${url.replace(/\/$/, '')}/.well-known/openid-configuration` : discoveryURL
}
