// The texts for `kubectl explain` of the kinds of the cluster's own registry.

export const registryDescriptions = {
  'supply/v1.RegistryToken': {
    text: "RegistryToken is a password for the cluster's registry, for the user who requests it. ServiceAccounts use a TokenRequest for the registry's audience instead.",
    fields: { spec: 'How long it lasts.', status: 'The token. It is not stored.' },
  },
  'supply/v1.RegistryTokenSpec': {
    text: 'RegistryTokenSpec is what a user asks of a token.',
    fields: { expirationSeconds: 'From 600 to 3600 seconds; 3600 by default.' },
  },
  'supply/v1.RegistryTokenStatus': {
    text: 'RegistryTokenStatus is the token that was issued.',
    fields: {
      username: 'The user that the token is for.',
      token: 'The password. The registry alone accepts it, whatever user name is given with it.',
      expirationTimestamp: 'When it expires.',
    },
  },
  'supply/v1.RepositoryAccessReview': {
    text: "RepositoryAccessReview is the question of the cluster's registry: may the owner of this token do this with these repositories, now?",
    fields: { spec: 'The question.', status: 'The answer. It is not stored.' },
  },
  'supply/v1.RepositoryAccessReviewSpec': {
    text: 'RepositoryAccessReviewSpec is a credential and what is asked for it.',
    fields: {
      token: "A token for the registry's audience, or for that of the API server.",
      verb: 'pull, push or delete.',
      repositories: 'Names such as shop/web: the first part is the namespace. Without any, only the token is reviewed.',
    },
  },
  'supply/v1.RepositoryAccessReviewStatus': {
    text: 'RepositoryAccessReviewStatus is whether the token is valid, and which repositories its owner may use.',
    fields: {
      authenticated: 'Whether the token is valid now.',
      username: 'Its owner.',
      reason: 'Why it is not valid, or why something is not allowed.',
      allowed: 'The repositories of the question with which the owner may do it.',
      storage:
        'Bytes that the namespace of the first repository may store in the registry, if one of its ResourceQuotas has the resource repositories.supply.bulkhead.dev/storage.',
    },
  },
}
