// The programs that a node with containers needs on the machine; checked before anything starts.
import { UserError } from '../../base/user-error.ts'

interface NodeProgram {
  readonly name: string
  readonly debianPackage: string
  readonly paths: readonly string[]
}

const programs: readonly NodeProgram[] = [
  { name: 'containerd', debianPackage: 'containerd', paths: ['/usr/bin/containerd', '/usr/local/bin/containerd'] },
  { name: 'runc', debianPackage: 'runc', paths: ['/usr/sbin/runc', '/usr/bin/runc', '/usr/local/sbin/runc'] },
  { name: 'the CNI plug-in "bridge"', debianPackage: 'containernetworking-plugins', paths: ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge'] },
  { name: 'ip', debianPackage: 'iproute2', paths: ['/usr/bin/ip', '/usr/sbin/ip', '/sbin/ip'] },
  { name: 'nft', debianPackage: 'nftables', paths: ['/usr/sbin/nft', '/sbin/nft'] },
  { name: 'conntrack', debianPackage: 'conntrack', paths: ['/usr/sbin/conntrack', '/sbin/conntrack', '/usr/bin/conntrack'] },
  { name: 'busybox', debianPackage: 'busybox-static', paths: ['/usr/bin/busybox', '/bin/busybox'] },
]

export const missingPrograms = (exists: (path: string) => boolean): readonly NodeProgram[] =>
  programs.filter(({ paths }) => !paths.some(exists))

/** Throws a UserError that names each missing program and how to install it. */
export function checkNodePrograms(exists: (path: string) => boolean): void {
  const missing = missingPrograms(exists)
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name).join(', ')
  const packages = missing.map(({ debianPackage }) => debianPackage).join(' ')
  throw new UserError(
    `Cannot run containers: ${names} missing. Install with "apt-get install ${packages}", or run without containers: --simulated-nodes 1`,
  )
}
