// Runs the files in the order of their names.
const { default: Sequencer } = require(process.env.SEQUENCER);

module.exports = class extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => (a.path < b.path ? -1 : 1));
  }
};
