// The path on which a node opens its tunnel: only for the node itself, and only as an upgrade.
import { randomBytes } from 'node:crypto'
import type { Attributes } from '../../../access/access.ts'
import { credentialIdExtra } from '../../../access/access.ts'
import { tunnelKeyHeader, tunnelPath, tunnelUpgrade } from '../../../api/nodes/node-protocol.ts'
import { apiError, badRequest } from '../../../api/status.ts'
import type { UserInfo } from '../../../api/user.ts'
import { writeJson } from '../../../base/write-json.ts'
import { header, type UpgradedConnection } from '../../http/exchange.ts'
import type { Authorize } from '../../request/authorize.ts'
import type { PathHandler } from '../../request/request-context.ts'
import type { NodeTunnels } from './node-tunnel.ts'

const pattern = /^\/bulkhead\/v1\/nodes\/([^/]+)\/tunnel$/

/** Allows each node to open its own tunnel, without a role; the given authorizer decides everything else. */
export function withTunnelRight(authorize: Authorize): Authorize {
  return (attributes, asker) => (opensOwnTunnel(attributes) ? Promise.resolve(ownTunnel) : authorize(attributes, asker))
}

const ownTunnel = { allowed: true, authorizer: 'NodeTunnel', reason: 'a node may open its own tunnel' } as const

function opensOwnTunnel({ isResource, path, verb, user }: Attributes): boolean {
  const node = isResource ? undefined : nodeNameOf(path)
  return node !== undefined && verb === 'get' && isNode(user, node)
}

function isNode(user: UserInfo, name: string): boolean {
  return user.name === `system:node:${name}` && user.groups.includes('system:nodes')
}

export function tunnelPathHandler(tunnels: NodeTunnels): PathHandler {
  return async (context, path) => {
    const name = nodeNameOf(path)
    if (name === undefined) return undefined
    const { user, request } = context
    if (!isNode(user, name)) {
      throw apiError(403, 'Forbidden', `forbidden: User ${writeJson(user.name)} cannot open the tunnel of node ${writeJson(name)}`, {})
    }
    if (request.upgrade !== tunnelUpgrade) throw badRequest(`Upgrade request required: want "Upgrade: ${tunnelUpgrade}"`)
    const replaces = header(request.headers, tunnelKeyHeader)
    const asked = {
      nodeName: name,
      remoteAddress: request.credentials.remoteAddress,
      credential: user.extra?.[credentialIdExtra]?.[0] ?? '',
    }
    await tunnels.ensureFree(asked, replaces)
    return {
      status: 101,
      contentType: 'application/octet-stream',
      body: Buffer.alloc(0),
      longRunning: true,
      upgrade: connection => open(tunnels, name, replaces, connection),
    }
  }
}

/** Undefined for other paths, and for another spelling than that of `tunnelPath`. */
function nodeNameOf(path: string): string | undefined {
  const [, escaped] = pattern.exec(path) ?? []
  if (escaped === undefined) return undefined
  try {
    const name = decodeURIComponent(escaped)
    return tunnelPath(name) === path ? name : undefined
  } catch (err) {
    if (err instanceof URIError) return undefined
    throw err
  }
}

/** Resolves when the tunnel is closed. */
function open(tunnels: NodeTunnels, nodeName: string, replaces: string | undefined, { socket, head }: UpgradedConnection): Promise<void> {
  const key = randomBytes(32).toString('base64url')
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.once('close', () => resolve())
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${tunnelUpgrade}\r\n${tunnelKeyHeader}: ${key}\r\n\r\n`)
  if (head.length > 0) socket.unshift(head)
  tunnels.accept(nodeName, socket, key, replaces)
  return promise
}
