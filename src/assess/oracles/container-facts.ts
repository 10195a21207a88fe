// What the kernel says about the first process of a container, from within: proc_pid_status(5), and what it lets that process do.

/** Names and expected values; of probes, how their output begins or what it contains. */
export interface ExpectedFacts {
  /** Of /proc/1/status. */
  readonly status: Readonly<Record<string, string>>
  readonly probes: Readonly<Record<string, string>>
}

/** Each prints one line; the output of those that must fail is their error. */
const probes: Readonly<Record<string, string>> = {
  root: 'touch /bulkhead-prove 2>&1 && echo written',
  volume: 'touch /data/bulkhead-prove 2>&1 && echo written',
  // The value that it has: where nothing stops it, nothing changes.
  sysctl: 'f=/proc/sys/vm/overcommit_memory; v=$(cat $f); { echo $v > $f; } 2>&1 && echo written',
  memory: 'head -c 1 /proc/kcore 2>/dev/null | wc -c',
  timers: 'cat /proc/timer_list 2>/dev/null | wc -l',
  mount: 'mount -t tmpfs none /data 2>&1 && echo mounted',
  unshare: 'unshare -U true 2>&1 && echo unshared',
  first: 'cat /proc/1/comm',
  links: 'ls /sys/class/net | sort | tr "\\n" " "',
  name: 'hostname',
  ports: 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start',
}

/** Shell of the container's first process. */
export const readFacts = [
  'cat /proc/1/status',
  ...Object.entries(probes).map(([name, text]) => `echo "probe ${name} $( ${text} )"`),
  'true',
].join('\n')

/** Differences in words, one for each fact; an empty log differs in all. */
export function factDifferences(log: string, { status, probes: wanted }: ExpectedFacts): string[] {
  const fields = new Map(
    [...log.matchAll(/^(\w+):[ \t]*(.*)$/gm)].map(([, name = '', value = '']) => [name, value.trim().split(/\s+/).join(' ')]),
  )
  const outputs = new Map([...log.matchAll(/^probe (\w+) ?(.*)$/gm)].map(([, name = '', value = '']) => [name, value.trim()]))
  return [
    ...Object.entries(status).flatMap(([name, value]) =>
      fields.get(name) === value ? [] : [`${name} is ${fields.get(name) ?? 'not shown'}, expected ${value}`],
    ),
    ...Object.entries(wanted).flatMap(([name, text]) => {
      const output = outputs.get(name)
      return output?.includes(text) ? [] : [`${name}: ${output ?? 'not shown'}, expected ${text}`]
    }),
  ]
}
