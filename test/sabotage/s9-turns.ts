// Sabotage of the turns at registries: the images of one namespace delay those of others.
import type { Sabotage } from './sabotage.ts'

export const s9: readonly Sabotage[] = [
  {
    name: 'a namespace waits for registries with any number of images at once',
    file: 'src/artifacts/namespace-turns.ts',
    from: 'return own < ownRunning && this.#total',
    to: 'return this.#total',
    proof: 'S9',
  },
  {
    name: 'few namespaces with slow registries take all turns',
    file: 'src/artifacts/namespace-turns.ts',
    from: '(own === 0 ? running : running - firstOnly)',
    to: 'running',
    proof: 'S9',
  },
  {
    name: 'any number of images of a namespace wait for their turn',
    file: 'src/artifacts/namespace-turns.ts',
    from: 'own.size >= ownWaiting || ',
    to: '',
    proof: 'S9',
  },
  {
    name: 'all namespaces share the turns at registries',
    file: 'src/artifacts/registry-work.ts',
    from: 'return await namespaces.run(namespace, ',
    to: "return await namespaces.run('', ",
    proof: 'S9',
  },
  {
    name: 'a registry that is slow for one namespace is full for others',
    file: 'src/artifacts/registry-work.ts',
    from: 'return await registries.run(`${namespace}\\n${registry}`,',
    to: 'return await registries.run(registry,',
    proof: 'S9',
  },
  {
    name: 'a repository that failed for one namespace has failed for others',
    file: 'src/artifacts/registry-work.ts',
    from: 'const key = `${namespace}\\n${repository}`',
    to: 'const key = repository',
    proof: 'S9',
  },
  {
    name: 'one slow registry takes all turns of its namespace',
    file: 'src/artifacts/registry-work.ts',
    from: 'ownRunning: limits.ownRunning / 2',
    to: 'ownRunning: limits.ownRunning',
    proof: 'S9',
  },
]
