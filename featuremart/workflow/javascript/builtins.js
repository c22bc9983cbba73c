// The built-in functions that an expression finds on a Digdag server: ECMAScript 5, and strings that also have
// Java's methods. What came later is taken away, so that nothing works here that fails there.
(function () {
  'use strict';
  var global = this;
  var known = {
    Object: 'getPrototypeOf getOwnPropertyDescriptor getOwnPropertyNames create defineProperty defineProperties ' +
      'seal freeze preventExtensions isSealed isFrozen isExtensible keys',
    Array: 'isArray',
    String: 'fromCharCode',
    Number: 'MAX_VALUE MIN_VALUE NaN NEGATIVE_INFINITY POSITIVE_INFINITY',
    Math: 'E LN10 LN2 LOG2E LOG10E PI SQRT1_2 SQRT2 abs acos asin atan atan2 ceil cos exp floor log max min pow ' +
      'random round sin sqrt tan',
    'Array.prototype': 'toString toLocaleString concat join pop push reverse shift slice sort splice unshift ' +
      'indexOf lastIndexOf every some forEach map filter reduce reduceRight',
    'String.prototype': 'toString valueOf charAt charCodeAt concat indexOf lastIndexOf localeCompare match replace ' +
      'search slice split substring toLowerCase toLocaleLowerCase toUpperCase toLocaleUpperCase trim substr anchor ' +
      'startsWith endsWith repeat',
    'Number.prototype': 'toString toLocaleString valueOf toFixed toExponential toPrecision'
  };
  var globals = 'Object Function Array String Boolean Number Date RegExp Error EvalError RangeError ReferenceError ' +
    'SyntaxError TypeError URIError Math JSON NaN Infinity undefined eval parseInt parseFloat isNaN isFinite ' +
    'decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape moment';
  var always = ['length', 'name', 'prototype', 'constructor'];

  function keepOnly(holder, names) {
    var kept = names.split(' ').concat(always);
    Object.getOwnPropertyNames(holder).forEach(function (name) {
      var fixed = !Object.getOwnPropertyDescriptor(holder, name).configurable;
      if (kept.indexOf(name) < 0 && !fixed) { delete holder[name]; }
    });
  }

  Object.keys(known).forEach(function (path) {
    keepOnly(path.split('.').reduce(function (holder, name) { return holder[name]; }, global), known[path]);
  });

  var java = {
    contains: function (part) { return this.indexOf(part) >= 0; },
    equals: function (other) { return String(this) === other; },
    equalsIgnoreCase: function (other) { return this.toLowerCase() === String(other).toLowerCase(); },
    isEmpty: function () { return this.length === 0; },
    isBlank: function () { return this.trim().length === 0; },
    strip: function () { return this.trim(); },
    matches: function (pattern) { return new RegExp('^(?:' + pattern + ')$').test(this); },
    replaceAll: function (pattern, by) { return this.replace(new RegExp(pattern, 'g'), by); },
    replaceFirst: function (pattern, by) { return this.replace(new RegExp(pattern), by); }
  };
  Object.keys(java).forEach(function (name) {
    Object.defineProperty(String.prototype, name, { value: java[name], writable: true, configurable: true });
  });
  keepOnly(global, globals);
})
