// Claims as the API server requests them.

export const issuer = 'https://kubernetes.default.svc.cluster.local'

/** `now` in milliseconds. */
export function tokenClaims(namespace: string, name: string, now: number, audiences: readonly string[] = [issuer]) {
  const seconds = Math.floor(now / 1000)
  return {
    ...{ aud: audiences, exp: seconds + 3600, iat: seconds, iss: issuer, jti: 'b9a5e0c4' },
    'kubernetes.io': { namespace, serviceaccount: { name, uid: 'u1' } },
    ...{ nbf: seconds, sub: `system:serviceaccount:${namespace}:${name}` },
  }
}
