import type { Node as KubeNode } from '../../api/types/core-v1.ts'
import { nodes } from '../../client/resources.ts'
import { accepts, handshake, sendPlain } from '../dial.ts'
import { type ListeningSocket, listeningSockets, processTree } from '../listening-sockets.ts'
import { outcomeOf, type Proof, type ProofContext, skipped } from '../proof.ts'

/** Ports of kubelets, their health checks, proxies and container engines elsewhere. */
const knownPorts = [10250, 10255, 10248, 10249, 10256, 4194, 2375, 2376, 1338]
const isOpen = ({ protocol, loopback }: ListeningSocket): boolean => protocol === 'udp' || !loopback

export const noNodePort: Proof = {
  id: 'A1',
  title: 'protect the API',
  why: 'Whoever reaches the node could reach a listening agent and bypass authorization, admission and audit of the API server. containerd needs a streaming listener of its own for exec and port-forward: it may be on loopback only, and speak TLS only',
  attack: 'List every socket that the node agent and its children listen on, and scan the addresses of the nodes',
  expected: 'Nothing on the node listens except the API server',
  whenRed:
    'Find the process that listens (`ss -ltnp`) and stop it; the node agent and containerd of Bulkhead listen on no address that another machine can reach',
  async prove(context, signal) {
    const agent = context.machine.parts.find(({ name }) => name === 'node')
    if (agent === undefined) return skipped('no node agent runs on this machine')
    const found: string[] = []
    const sockets: ListeningSocket[] = []
    const pids = await processTree(agent.pid)
    for (const pid of pids) sockets.push(...(await listeningSockets(pid)))
    for (const socket of sockets) {
      const { program, address, port, protocol, pid } = socket
      const name = `${program} (process ${pid}) listens on ${protocol} ${address}:${port}`
      if (pid === agent.pid || isOpen(socket)) {
        found.push(name)
        continue
      }
      const plain = await sendPlain({ host: address, port }, 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n', signal)
      if (plain?.startsWith('HTTP/1.1 2')) found.push(`${name} and answers in clear text`)
      if ((await handshake({ host: address, port }, 'TLSv1.3', signal)) === undefined) found.push(`${name} and does not speak TLS`)
    }
    const scan = await scanNodes(context, signal)
    found.push(...scan.found)
    const inside = sockets.length === 0 ? 'none listens' : `only ${sockets.length} on loopback behind TLS`
    return outcomeOf(found, `${pids.length} processes of the node agent: ${inside}; ${scan.tried} ports scanned, none answers`)
  },
}

async function scanNodes({ client }: ProofContext, signal: AbortSignal): Promise<{ found: string[]; tried: number }> {
  const found: string[] = []
  const list = await client.listAll(nodes, {}, signal)
  const addresses = new Set(list.flatMap(addressesOf))
  const targets = [...addresses].flatMap(host => knownPorts.map(port => ({ host, port })))
  const open = await Promise.all(targets.map(target => accepts(target, signal)))
  for (const [index, target] of targets.entries()) if (open[index]) found.push(`${target.host}:${target.port} accepts connections`)
  return { found, tried: targets.length }
}

const addressesOf = ({ status }: KubeNode): string[] =>
  (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address)
