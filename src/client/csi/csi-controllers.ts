// Calls of a CSI driver's Identity and Controller services by the controllers: through the API server and the tunnel of a node on which the
// driver is registered (docs/adr/0031-csi-controller-calls.md).
import { csiCallPath, readCsiCallResult } from '../../api/nodes/csi-call-path.ts'
import { ApiError } from '../../api/status.ts'
import type { Node } from '../../api/types/core-v1.ts'
import type { CSINode } from '../../api/types/storage-v1.ts'
import { CsiError, safeDetails } from '../../base/csi/csi-error.ts'
import { type CsiAnswer, type CsiControllerMethod, type CsiRequest, csiMethods } from '../../base/csi/csi-methods.ts'
import { readMessage } from '../../base/csi/read-message.ts'
import { UserError } from '../../base/user-error.ts'
import type { Client } from '../client.ts'

/** What controllers need; a test passes a fake. */
export interface CsiControllers {
  /**
   * Calls the driver on `node`, or else on any ready node that has it. Rejects with CsiError: code UNAVAILABLE if no node can be reached,
   * in which case the call may have arrived all the same.
   */
  call<M extends CsiControllerMethod>(
    driver: string,
    method: M,
    request: CsiRequest<M>,
    signal: AbortSignal,
    node?: string,
  ): Promise<CsiAnswer<M>>
  /** The ready nodes that have the driver, in a fixed order. */
  nodesOf(driver: string): readonly string[]
}

export interface CsiControllersOptions {
  readonly client: Client
  readonly csiNodes: () => Iterable<CSINode>
  /** The Node, from a cache. */
  readonly node: (name: string) => Node | undefined
}

export function csiControllers({ client, csiNodes, node: nodeOf }: CsiControllersOptions): CsiControllers {
  const nodesOf = (driver: string): readonly string[] =>
    [...csiNodes()]
      .filter(({ spec }) => (spec.drivers ?? []).some(({ name }) => name === driver))
      .map(({ metadata }) => metadata.name ?? '')
      .filter(name => isReady(nodeOf(name)))
      .sort()
  return {
    nodesOf,
    async call(driver, method, request, signal, chosen) {
      const node = chosen ?? nodesOf(driver)[0]
      if (node === undefined) throw new CsiError(driver, method, 'UNAVAILABLE', 'it is registered on no ready node')
      const [, , answer] = csiMethods[method]
      try {
        const result = readCsiCallResult(await client.post(csiCallPath({ node, driver, method }), request, signal))
        if ('failed' in result) throw new CsiError(driver, method, result.failed.code, safeDetails(result.failed.details, []))
        // The names of the messages are those of the method in the table, from which CsiAnswer is derived.
        return readMessage(answer, result.answer) as CsiAnswer<typeof method>
      } catch (err) {
        if (err instanceof UserError) throw new CsiError(driver, method, 'OK', safeDetails(err.message, []), { cause: err })
        if (!(err instanceof ApiError)) throw err
        const { code } = err.status
        const details = safeDetails(`node "${node}": ${err.message}`, [])
        throw new CsiError(
          driver,
          method,
          code === 403 ? 'PERMISSION_DENIED' : code === 400 ? 'INVALID_ARGUMENT' : 'UNAVAILABLE',
          details,
          {
            cause: err,
          },
        )
      }
    },
  }
}

function isReady(node: Node | undefined): boolean {
  return node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}
