// The path by which a controller calls a driver on a node: docs/adr/0031-csi-controller-calls.md.
import { type CsiCode, isCsiCode } from '../../base/csi/csi-error.ts'
import { type CsiControllerMethod, isCsiControllerMethod } from '../../base/csi/csi-methods.ts'
import { isJsonObject } from '../../base/json.ts'

export interface CsiCallPath {
  readonly node: string
  readonly driver: string
  readonly method: CsiControllerMethod
}

export const csiCallPathPrefix = '/bulkhead/v1/csi/'
/** What roles of the controllers name: `nonResourceURLs` of a rule. */
export const csiCallPaths = `${csiCallPathPrefix}*`

/** Of a request message, as JSON. */
export const maxCsiRequestBytes = 2 ** 20
/** Of the answer, as JSON: that of the driver with the names of the fields. */
export const maxCsiAnswerBytes = 16 * 2 ** 20

export function csiCallPath({ node, driver, method }: CsiCallPath): string {
  return `${csiCallPathPrefix}${[node, driver, method].map(encodeURIComponent).join('/')}`
}

/** Undefined for any path that `csiCallPath` does not write. */
export function readCsiCallPath(path: string): CsiCallPath | undefined {
  const [, node = '', driver = '', method = ''] = /^\/bulkhead\/v1\/csi\/([^/]{1,512})\/([^/]{1,512})\/([A-Za-z]{1,64})$/.exec(path) ?? []
  if (!isCsiControllerMethod(method)) return undefined
  try {
    const read = { node: decodeURIComponent(node), driver: decodeURIComponent(driver), method }
    return csiCallPath(read) === path ? read : undefined
  } catch (err) {
    if (err instanceof URIError) return undefined
    throw err
  }
}

/** Accounts that may call: `system:serviceaccount:kube-system:csi-…`. */
export const csiCallerPrefix = 'system:serviceaccount:kube-system:csi-'

/** The body of a 200: the answer, which is read by the table of messages, or how the driver failed. */
export type CsiCallResult = { readonly answer: unknown } | { readonly failed: { readonly code: CsiCode; readonly details: string } }

/** Throws if the value is no result. */
export function readCsiCallResult(value: unknown): CsiCallResult {
  if (isJsonObject(value)) {
    if (Object.hasOwn(value, 'answer')) return { answer: value['answer'] }
    const { failed } = value
    if (isJsonObject(failed) && isCsiCode(failed['code']) && typeof failed['details'] === 'string')
      return { failed: { code: failed['code'], details: failed['details'] } }
  }
  throw new Error('the node answered a call of a CSI driver without a result')
}

/** The path within a node's tunnel; a POST with the request message. */
export const csiTunnelPath = ({ driver, method }: Pick<CsiCallPath, 'driver' | 'method'>): string =>
  `/csi/${encodeURIComponent(driver)}/${method}`

/** Undefined for any path that `csiTunnelPath` does not write. */
export function readCsiTunnelPath(path: string): Pick<CsiCallPath, 'driver' | 'method'> | undefined {
  return path.startsWith('/csi/') ? readCsiCallPath(`${csiCallPathPrefix}node${path.slice('/csi'.length)}`) : undefined
}
