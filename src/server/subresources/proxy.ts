// Proxies to nodes, pods and services.
import { type ProxyParts, proxyToNode, proxyToPod, proxyToService } from '../proxy/proxy-object.ts'
import type { ResourceHandler } from '../request/request-context.ts'

export function proxies(parts: ProxyParts): readonly (readonly [string, ResourceHandler])[] {
  return [
    ['nodes/proxy', context => proxyToNode(parts, context)],
    ['pods/proxy', context => proxyToPod(parts, context)],
    ['services/proxy', context => proxyToService(parts, context)],
  ]
}
