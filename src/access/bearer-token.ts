// The token of an `Authorization: Bearer` header.

const maxTokenBytes = 16_384

export type BearerToken =
  | { readonly form: 'none' }
  | { readonly form: 'token'; readonly token: string }
  | { readonly form: 'malformed'; readonly reason: string }

export function bearerToken(authorization: string | undefined): BearerToken {
  if (authorization === undefined || authorization.trim() === '') return { form: 'none' }
  const [scheme = '', token = '', ...rest] = authorization.trim().split(' ')
  if (scheme.toLowerCase() !== 'bearer') return { form: 'malformed', reason: 'the authorization scheme is not Bearer' }
  if (token === '' || rest.length > 0) return { form: 'malformed', reason: 'the bearer token is malformed' }
  if (token.length > maxTokenBytes) return { form: 'malformed', reason: 'the bearer token is too long' }
  return { form: 'token', token }
}
