/** On a refusal whose message may quote an object of a class that stays out of logs: clients of the cluster's own parts do not log it. */
export const quotesHeader = 'bulkhead-quotes-classified'
