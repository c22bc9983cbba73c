// Dates in the workflow's time zone.
//
// The engine knows one time zone, that of the process. Digdag gives every workflow its own. So the local halves
// of Date are replaced: `moments` are the milliseconds at which the zone's distance from UTC changes, `offsets`
// the seconds east of UTC before, between and after them.
(function (moments, offsets) {
  'use strict';
  var Native = Date;
  var methods = Native.prototype;
  var processGet = {};
  var parts = ['FullYear', 'Month', 'Date', 'Hours', 'Minutes', 'Seconds', 'Milliseconds'];
  var days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  var months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

  function offsetAt(time) {
    var low = 0, high = moments.length;
    while (low < high) {
      var middle = (low + high) >> 1;
      if (moments[middle] <= time) { low = middle + 1; } else { high = middle; }
    }
    return offsets[low] * 1000;
  }

  // A wall time that the clock skips is moved forward; of one that comes twice the first is meant.
  function fromWall(wall) {
    var before = wall - offsetAt(wall - 86400000);
    if (before + offsetAt(before) === wall) { return before; }
    var after = wall - offsetAt(wall + 86400000);
    return after + offsetAt(after) === wall ? after : before;
  }

  function shifted(date) {
    var time = date.getTime();
    return new Native(time + offsetAt(time));
  }

  function padded(number, width) {
    var text = String(Math.abs(number));
    while (text.length < width) { text = '0' + text; }
    return number < 0 ? '-' + text : text;
  }

  function parse(text) {
    var native = new Native(text);
    var dayOnly = /^\s*[+-]?\d{4,6}(-\d\d){0,2}\s*$/.test(text);
    if (dayOnly || /(Z|UTC|GMT|[+-]\d\d:?\d\d)\s*(\(.*\))?\s*$/i.test(text) || isNaN(native.getTime())) {
      return native.getTime();
    }
    return fromWall(Native.UTC.apply(null, parts.map(function (part) { return processGet[part].call(native); })));
  }

  function Zoned(year, month) {
    if (!(this instanceof Zoned)) { return new Zoned().toString(); }
    if (arguments.length === 0) { return new Native(); }
    if (arguments.length === 1) {
      var value = year instanceof Native ? year.getTime() : year;
      return new Native(typeof value === 'string' ? parse(value) : value);
    }
    return new Native(fromWall(Native.UTC.apply(null, arguments)));
  }

  parts.forEach(function (part) {
    processGet[part] = methods['get' + part];
    methods['get' + part] = function () { return shifted(this)['getUTC' + part](); };
    methods['set' + part] = function () {
      var wall = shifted(this);
      if (isNaN(wall) && part === 'FullYear') { wall = new Native(0); }
      return this.setTime(fromWall(wall['setUTC' + part].apply(wall, arguments)));
    };
  });
  methods.getDay = function () { return shifted(this).getUTCDay(); };
  methods.getYear = function () { return this.getFullYear() - 1900; };
  methods.getTimezoneOffset = function () { return -offsetAt(this.getTime()) / 60000; };
  methods.toDateString = function () {
    if (isNaN(this)) { return 'Invalid Date'; }
    var wall = shifted(this);
    return [days[wall.getUTCDay()], months[wall.getUTCMonth()], padded(wall.getUTCDate(), 2),
      padded(wall.getUTCFullYear(), 4)].join(' ');
  };
  methods.toTimeString = function () {
    if (isNaN(this)) { return 'Invalid Date'; }
    var wall = shifted(this), minutes = Math.round(-this.getTimezoneOffset());
    var clock = [wall.getUTCHours(), wall.getUTCMinutes(), wall.getUTCSeconds()].map(function (number) {
      return padded(number, 2);
    }).join(':');
    var hours = Math.floor(Math.abs(minutes) / 60);
    return clock + ' GMT' + (minutes < 0 ? '-' : '+') + padded(hours, 2) + padded(Math.abs(minutes) % 60, 2);
  };
  methods.toString = function () {
    return isNaN(this) ? 'Invalid Date' : this.toDateString() + ' ' + this.toTimeString();
  };
  methods.toLocaleString = methods.toString;
  methods.toLocaleDateString = methods.toDateString;
  methods.toLocaleTimeString = methods.toTimeString;

  Zoned.prototype = methods;
  Zoned.prototype.constructor = Zoned;
  Zoned.UTC = Native.UTC;
  Zoned.now = Native.now;
  Zoned.parse = parse;
  this.Date = Zoned;
})
