import { clusterDnsPort } from '../../up/addresses.ts'
import { defineCheck } from '../check.ts'
import { type PortFacts, portFacts, portVerdict } from './port-api.ts'

export const portDns = defineCheck<PortFacts>({
  id: 'port-dns',
  group: 'Ports',
  title: 'DNS of the cluster',
  reads: '/proc/net/udp and udp6',
  forNodes: true,
  read: machine =>
    portFacts(machine, { port: clusterDnsPort, protocol: 'udp' }, machine.up?.parts.some(({ name }) => name === 'dns') ?? false),
  evaluate: facts => portVerdict(facts, `ss -lunp 'sport = :${facts.port}'`),
})
