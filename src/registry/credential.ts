// The credential of a request: a token of the cluster, as the password of a login, or as the bearer token that the login returned.

/** What a header may have (RFC 6750, 2.1): anything else is no token of a cluster. */
const tokenForm = /^[A-Za-z0-9._~+/=-]+$/

/** The user name means nothing: the token says who it is. */
export function tokenOf(authorization: string | undefined): string | undefined {
  const token = read(authorization)
  return token !== undefined && tokenForm.test(token) ? token : undefined
}

function read(authorization: string | undefined): string | undefined {
  const [scheme = '', value = '', ...more] = (authorization ?? '').split(' ')
  if (value === '' || more.length > 0) return undefined
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return value
    case 'basic':
      return passwordOf(value)
    default:
      return undefined
  }
}

function passwordOf(encoded: string): string | undefined {
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  const password = colon < 0 ? '' : text.slice(colon + 1)
  return password === '' ? undefined : password
}
