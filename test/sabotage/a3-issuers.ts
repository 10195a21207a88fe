// Sabotage of external issuers and of the token webhook: keys, algorithms, times, audiences, rules, answers.
import type { Sabotage } from './sabotage.ts'

const issuer = 'src/access/jwt/token-issuer.ts'
const signed = 'src/access/jwt/signed-token.ts'
const map = 'src/access/jwt/map-claims.ts'
const webhook = 'src/access/authenticators/token-webhook.ts'
const review = 'src/access/webhook/token-webhook-review.ts'
const proof = 'A3'

export const a3: readonly Sabotage[] = [
  {
    name: 'the signature of an issuer is not verified',
    file: signed,
    from: '.find(({ key }) => verify(known.digest, input, { key, ...known.options }, bytes))',
    to: '.find(({ key }) => verify(known.digest, input, { key, ...known.options }, bytes) || bytes.length === 64)',
    proof,
  },
  {
    name: 'the body of a token is not signed',
    file: signed,
    from: '`${token.head}.${token.body}`',
    to: '`${token.head}.${token.body}`.slice(0, token.head.length)',
    proof,
  },
  { name: 'a critical extension is ignored', file: signed, from: "if (Object.hasOwn(header, 'crit'))", to: 'if (false)', proof },
  {
    name: 'an audience may be a part of the wanted one',
    file: issuer,
    from: 'wanted.some(audience => list.includes(audience))',
    to: 'wanted.some(audience => list.some(each => String(each).startsWith(audience)))',
    proof,
  },
  { name: 'an audience is not compared', file: issuer, from: 'if (audience !== undefined) return refusedBy(audience)', to: '', proof },
  {
    name: 'an expired token of an issuer is accepted',
    file: issuer,
    from: "if (now >= period.expires) return refusedBy('oidc: token is expired')",
    to: '',
    proof,
  },
  {
    name: 'a minute after its expiry, a token of an issuer is accepted',
    file: issuer,
    from: 'if (now >= period.expires) return',
    to: 'if (now >= period.expires + notBeforeLeewayMs) return',
    proof,
  },
  { name: 'a token of an issuer is accepted before its time', file: issuer, from: 'if (now < period.notBefore)', to: 'if (false)', proof },
  {
    name: 'a token of an issuer need not expire',
    file: issuer,
    from: 'const [expires = 0, notBefore] = times',
    to: 'const [expires = Number.MAX_SAFE_INTEGER, notBefore] = times',
    proof,
  },
  {
    name: 'a token of an unknown issuer is taken by the first one',
    file: 'src/access/authenticators/jwt.ts',
    from: 'token && byUrl.get(issuerOf(token.claims))',
    to: 'token && (byUrl.get(issuerOf(token.claims)) ?? [...byUrl.values()][0])',
    proof,
  },
  {
    name: 'issuers are compared without their last slash',
    file: 'src/access/authenticators/jwt.ts',
    from: "return issuer === 'accounts.google.com' ? 'https://accounts.google.com' : issuer",
    to: "return issuer.endsWith('/') ? issuer.slice(0, -1) : issuer",
    proof,
  },
  {
    name: 'required claims are not compared',
    file: map,
    from: 'if (given !== requiredValue) return',
    to: 'if (given === null) return',
    proof,
  },
  {
    name: 'rules about claims are not evaluated',
    file: map,
    from: "brokenRule(compiled.claimRules, asValue(claims), 'claim validation expression')",
    to: 'undefined',
    proof,
  },
  {
    name: 'only the first rule about claims or users is evaluated',
    file: map,
    from: 'of rules) {\n    const found = evaluate(expression, value)',
    to: 'of rules.slice(0, 1)) {\n    const found = evaluate(expression, value)',
    proof,
  },
  {
    name: 'rules about users get no groups',
    file: map,
    from: 'groups: groups.value, extra: extra.value },',
    to: 'groups: [], extra: extra.value },',
    proof,
  },
  {
    name: "a token names the cluster's own users",
    file: map,
    from: '[name.value, ...groups.value].some(',
    to: '[...groups.value].some(',
    proof,
  },
  {
    name: "a token names the cluster's own groups",
    file: map,
    from: '[name.value, ...groups.value].some(',
    to: '[name.value].some(',
    proof,
  },
  {
    name: 'a mail address need not be verified',
    file: map,
    from: "claims['email_verified'] !== true",
    to: "claims['email_verified'] === 'false'",
    proof,
  },
  { name: 'groups that are elsewhere count as none', file: map, from: 'return isElsewhere ?', to: 'return isElsewhere && false ?', proof },
  { name: 'any text in authenticated is true', file: review, from: "typeof authenticated !== 'boolean' || ", to: '', proof },
  {
    name: 'audiences of the token webhook are ignored',
    file: webhook,
    from: 'identity.audiences.length > 0 ? identity.audiences : own',
    to: 'own',
    proof,
  },
  {
    name: "the token webhook names the cluster's own",
    file: webhook,
    from: 'if (!parts.mayNameSystem && isSystem(identity.user))',
    to: 'if (false)',
    proof,
  },
  {
    name: 'a token that the webhook does not know is accepted',
    file: review,
    from: "if (!authenticated) return { outcome: error === '' ? 'unknown' : 'refused' }",
    to: '',
    proof,
  },
  {
    name: 'the deny list does not end tokens of issuers',
    file: map,
    from: "return typeof id === 'string' && id !== '' ? id : undefined",
    to: 'return undefined',
    proof,
  },
]
