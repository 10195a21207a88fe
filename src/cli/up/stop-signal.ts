// How a process that supervises parts is asked to stop.

/** Aborted by Ctrl-C, a closing terminal or a service manager. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort('stop'))
  // Otherwise Node opens a debugger port, at which every user of the machine can run code in this process. The parts have a flag for it.
  process.on('SIGUSR1', () => undefined)
  return controller.signal
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
