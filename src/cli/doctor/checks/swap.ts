import { defineCheck, ok, warning } from '../check.ts'
import type { Machine } from '../machine.ts'

interface Facts {
  readonly swaps: readonly { readonly path: string; readonly encrypted: boolean }[]
}

export const swap = defineCheck<Facts>({
  id: 'swap',
  group: 'Limits',
  title: 'swap',
  reads: '/proc/swaps, and whether each is in memory (zram) or on dm-crypt',
  read: machine => ({ swaps: swapsOf(machine) }),
  evaluate({ swaps }) {
    const open = swaps.filter(({ encrypted }) => !encrypted)
    if (swaps.length === 0) return ok('none')
    if (open.length === 0) return ok('encrypted, or in memory')
    return warning(
      `${open.map(({ path }) => path).join(', ')} is not encrypted: keys and Secrets in memory can reach the disk in clear`,
      `swapoff ${open.map(({ path }) => path).join(' ')}   # and remove it from /etc/fstab`,
    )
  },
})

function swapsOf(machine: Machine): Facts['swaps'] {
  const lines = (machine.text('/proc/swaps') ?? '').split('\n').slice(1)
  return lines.flatMap(line => {
    const [path] = line.split(/\s+/)
    if (path === undefined || path === '') return []
    const device = path.split('/').at(-1) ?? ''
    // Device-mapper's UUID of a crypt target begins with its kind.
    const crypt = machine.text(`/sys/block/${device}/dm/uuid`)?.startsWith('CRYPT-') ?? false
    return [{ path, encrypted: crypt || device.startsWith('zram') }]
  })
}
