// Parses the name in the path of a proxy as upstream: `name`, `name:port` or `scheme:name:port`.
import { badRequest } from '../../api/status.ts'
import { writeJson } from '../../base/write-json.ts'

export interface ProxyId {
  readonly scheme: '' | 'http' | 'https'
  readonly name: string
  /** A number or a name; '' if there is none. */
  readonly port: string
}

/** Throws a 400. `what` is the kind in the message: `pod`, `service` or `node`. */
export function parseProxyId(id: string, what: string): ProxyId {
  const parts = id.split(':')
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts]
  if (parts.length > 3 || name === '' || (scheme !== '' && scheme !== 'http' && scheme !== 'https'))
    throw badRequest(`invalid ${what} request ${writeJson(id)}`)
  return { scheme, name, port }
}
