// The unit that runs `bulkhead up`. Pure.

export interface Service {
  /** Also the beginning of the names of its parts' units. */
  readonly name: string
  readonly dataDirectory: string
  /** Absolute path of a configuration file; undefined for the defaults. */
  readonly config: string | undefined
}

/** Folders that the sandbox hides from the parts, so that no data directory can be below them. */
export const hiddenFolders = ['/home', '/root', '/run/user', '/tmp', '/var/tmp'] as const

export const unitPath = (name: string): string => `/etc/systemd/system/${name}.service`

/** What it needs of root: folders of the parts' users, and the address for pods. Parts are units of their own, not its children. */
const capabilities = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_NET_ADMIN']

/**
 * `command` is Node and the script, as absolute paths. The folders of the parts' sockets have the set-group-id bit, so RestrictSUIDSGID= cannot be set.
 */
export function serviceUnit({ name, dataDirectory, config }: Service, command: readonly string[]): string {
  const cluster = ['--data-dir', dataDirectory, ...(config === undefined ? [] : ['--config', config])]
  return `# Written by "bulkhead service install"; put your own changes into ${unitPath(name)}.d/.
[Unit]
Description=Bulkhead: a secure-by-default Kubernetes
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart=${[...command, 'up', '--systemd-service', name, ...cluster].map(quoted).join(' ')}
ExecStartPost=${[...command, 'service', 'wait-ready', '--data-dir', dataDirectory, '--pid', mainPid].map(quotedOrPid).join(' ')}
# Outside of this sandbox, after a stop: what a killed node left in the kernel.
ExecStopPost=${[...outside, ...command, 'node', 'clean-up', ...cluster].map(quoted).join(' ')}
Restart=on-failure
RestartSec=5
TimeoutStartSec=10min
TimeoutStopSec=3min
KillMode=mixed
RuntimeDirectory=${name}
RuntimeDirectoryMode=0700
CapabilityBoundingSet=${capabilities.join(' ')}
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=${quoted(dataDirectory)}
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
ProcSubset=pid
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
KeyringMode=private
UMask=0077
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`
}

const outside = ['systemd-run', '--quiet', '--collect', '--wait', '--pipe', '--setenv=SERVICE_RESULT', '--']

/** systemd puts the process of ExecStart= in. */
const mainPid = '$MAINPID'

const quotedOrPid = (text: string): string => (text === mainPid ? text : quoted(text))

/** As systemd.syntax(7) and the specifiers of systemd.unit(5) want it. */
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) && !/[%$]/.test(text) ? text : `"${escaped(text)}"`)

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')
