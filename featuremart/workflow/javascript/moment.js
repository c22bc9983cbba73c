// moment, read only by expressions that name it, with what the release on a Digdag server has and this one lacks.
(function (source) {
  'use strict';
  var global = this;

  function complete(moment) {
    var methods = moment.fn, format = methods.format;
    function isUtc(one) { return one._isUTC && one.zone() === 0; }
    methods.format = function (pattern) {
      return format.call(this, pattern || (isUtc(this) ? 'YYYY-MM-DDTHH:mm:ss[Z]' : undefined));
    };
    methods.isSameOrBefore = function (other, unit) { return this.isSame(other, unit) || this.isBefore(other, unit); };
    methods.isSameOrAfter = function (other, unit) { return this.isSame(other, unit) || this.isAfter(other, unit); };
    methods.isBetween = function (from, to, unit, bounds) {
      var ends = bounds || '()';
      return (ends[0] === '(' ? this.isAfter(from, unit) : !this.isBefore(from, unit)) &&
        (ends[1] === ')' ? this.isBefore(to, unit) : !this.isAfter(to, unit));
    };
    return moment;
  }

  Object.defineProperty(global, 'moment', {
    configurable: true,
    get: function () {
      delete global.moment;
      (0, eval)(source);
      return complete(global.moment);
    },
    set: function (value) {
      Object.defineProperty(global, 'moment', { value: value, writable: true, configurable: true });
    }
  });
})
