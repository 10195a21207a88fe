import { defaultLinkPort, linkDevice } from '../../../network/links/link-device.ts'
import { defineCheck } from '../check.ts'
import { type PortFacts, portFacts, portVerdict } from './port-api.ts'

export const portLinks = defineCheck<PortFacts>({
  id: 'port-links',
  group: 'Ports',
  title: 'WireGuard between nodes',
  reads: '/proc/net/udp and udp6, /sys/class/net',
  forNodes: true,
  read: machine =>
    portFacts(machine, { port: defaultLinkPort, protocol: 'udp' }, machine.exists(`/sys/class/net/${linkDevice(machine.node.id)}`)),
  evaluate: facts => portVerdict(facts, 'wg show   # and end what uses that port', `ss -lunp 'sport = :${facts.port}'`),
})
