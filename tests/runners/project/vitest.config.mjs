const one = { minThreads: 1, maxThreads: 1, minForks: 1, maxForks: 1 };

export default {
  test: {
    globals: true,
    include: ['*.spec.mjs'],
    poolOptions: { forks: one, threads: one, vmForks: one, vmThreads: one },
  },
};
