// Milliseconds of this thread's processor time: what others do on the machine meanwhile does not count. Node before 22.19 and 23.9 has no such clock.
export const processorMs: () => number =
  'threadCpuUsage' in process
    ? () => {
        const { user, system } = process.threadCpuUsage()
        return (user + system) / 1000
      }
    : () => performance.now()
