// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const a4: readonly Sabotage[] = [
  {
    name: 'only the first denial of the list counts',
    file: 'src/access/revocation.ts',
    from: 'denied = new Set(next.map(keyOf))',
    to: 'denied = new Set(next.slice(0, 1).map(keyOf))',
    proof: 'A4',
  },
  {
    name: 'a changed deny list ends no open stream',
    file: 'src/access/revocation.ts',
    from: `tokensUntil = deniedTokens(next)
      endDenied()`,
    to: 'tokensUntil = deniedTokens(next)',
    proof: 'A4',
  },
  {
    name: 'certificates of a removed node go on',
    file: 'src/access/revocation.ts',
    from: `nodes = deniedNodes(next)
`,
    to: `nodes = deniedNodes([])
`,
    proof: 'A4',
  },
  {
    name: 'only the identity that authenticated is followed',
    file: 'src/server/request/identity-end.ts',
    from: 'while (denyList !== undefined && this.#watched < this.#identities.length)',
    to: 'while (denyList !== undefined && this.#watched < Math.min(1, this.#identities.length))',
    proof: 'A4',
  },
  {
    name: 'the end of an identity is noted and the request goes on',
    file: 'src/server/request/identity-end.ts',
    from: `this.#request.end(reason)
`,
    to: `void reason
`,
    proof: 'A4',
  },
  {
    name: 'streams of tokens do not follow their Secrets',
    file: 'src/access/authenticators/service-account-token.ts',
    from: `...(secret ? [['secrets', namespace, secret.name] satisfies [BoundResource, string, string]] : []),
`,
    to: '',
    proof: 'A4',
  },
  {
    name: 'a denial of a user by name is read without its colon',
    file: 'src/access/rights/denied-credentials.ts',
    from: 'const value = text.slice(colon + 1).trim()',
    to: 'const value = text.slice(colon).trim()',
    proof: 'A4',
  },
]
