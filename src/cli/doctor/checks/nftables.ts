import { defineCheck, failure, ok, warning } from '../check.ts'
import { type Presence, presenceOf } from '../kernel.ts'

interface Facts {
  /** Whether `nft` lists tables; undefined if it was not tried. */
  readonly lists: boolean | undefined
  readonly presence: Presence
}

export const nftables = defineCheck<Facts>({
  id: 'nftables',
  group: 'Kernel',
  title: 'nftables',
  reads: '`nft list tables` as root, else modules and configuration of the kernel',
  forNodes: true,
  read: async machine => ({
    lists: machine.userId === 0 ? (await machine.output('nft', ['list', 'tables'])) !== undefined : undefined,
    presence: presenceOf(machine, { module: 'nf_tables', option: 'CONFIG_NF_TABLES' }),
  }),
  evaluate({ lists, presence }) {
    if (lists === true) return ok('rules can be listed')
    if (lists === undefined && presence === 'unknown') return warning('the kernel does not say whether it has it', 'modprobe nf_tables')
    if (lists === undefined && presence !== 'no') return ok('in the kernel')
    return failure('not usable: Services and network policies cannot be enforced', 'apt-get install nftables && modprobe nf_tables')
  },
})
