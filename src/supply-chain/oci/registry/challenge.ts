// The header WWW-Authenticate (RFC 9110, 11.6.1), of which registries use the schemes Bearer and Basic.

export type Challenge =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | undefined }

const maxHeaderLength = 8192
const parameter = /[\s,]*([A-Za-z]+)="([^"\\]*)"/y

/** The first challenge with a known scheme; undefined if there is none. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const text = (header ?? '').slice(0, maxHeaderLength)
  const [, scheme = ''] = /^\s*(Bearer|Basic)\s/i.exec(`${text} `) ?? []
  if (scheme.toLowerCase() === 'basic') return { scheme: 'basic' }
  if (scheme === '') return undefined
  const parameters = new Map<string, string>()
  parameter.lastIndex = text.indexOf(scheme) + scheme.length
  for (let match = parameter.exec(text); match !== null; match = parameter.exec(text))
    parameters.set((match[1] ?? '').toLowerCase(), match[2] ?? '')
  const realm = parameters.get('realm')
  return realm === undefined ? undefined : { scheme: 'bearer', realm, service: parameters.get('service') }
}
