// Events about nodes whose tunnel another client tried to open: `kubectl describe node` shows that a certificate may have been stolen.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import { Client } from '../../client/client.ts'
import { EventRecorder } from '../../client/event-recorder.ts'
import type { ApiServer } from '../../server/api-server.ts'
import { serverIdentity } from '../../server/bootstrap.ts'
import type { RefusedTunnel } from '../../server/proxy/tunnel/node-tunnel.ts'

export const tunnelRefusedReason = 'NodeTunnelRefused'

export function reportRefusedTunnels(server: ApiServer, { clock, log }: { readonly clock: Clock; readonly log: Logger }): void {
  server.runAlongside(async signal => {
    await using transport = server.transportFor(serverIdentity)
    await using events = new EventRecorder({
      client: new Client(transport),
      ...{ component: 'kube-apiserver', clock, log, random: Math.random },
    })
    server.nodeTunnels.onRefused(refused => {
      const { nodeName: name } = refused
      events.record({ apiVersion: 'v1', kind: 'Node', name, uid: name }, 'Warning', tunnelRefusedReason, messageOf(refused))
    })
    if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
  })
}

function messageOf({ nodeName, remoteAddress, credential }: RefusedTunnel): string {
  const shown = credential === '' ? 'a credential' : `credential ${credential}`
  return `A second tunnel of this node was refused, from ${remoteAddress} with ${shown}, because the open one answers. Where no second agent of this node was started, its certificate was copied: delete Node ${writeJson(nodeName)} to deny its certificates, and give it a new join ticket`
}
