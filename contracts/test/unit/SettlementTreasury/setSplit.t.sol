// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISettlementTreasury} from "../../../src/interfaces/ISettlementTreasury.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

contract SettlementTreasurySetSplitTest is MoneyFixture {
    function testFuzz_anythingWithinTheBoundIsTheNextVersion(uint16 oracles_, uint16 reserve, uint16 protocol) public {
        oracles_ = uint16(bound(oracles_, 0, 2000));
        reserve = uint16(bound(reserve, 0, 2000 - oracles_));
        protocol = uint16(bound(protocol, 0, 2000 - oracles_ - reserve));
        vm.expectEmit(address(treasury));
        emit ISettlementTreasury.SplitSet(2, oracles_, reserve, protocol);
        vm.prank(admin);
        treasury.setSplit(ISettlementTreasury.Split(oracles_, reserve, protocol));
        assertEq(treasury.splitVersion(), 2, "version");
        assertEq(treasury.splitAt(2).oraclesBps, oracles_, "new version");
        assertEq(treasury.splitAt(1).oraclesBps, 200, "the old version stays");
    }

    function testFuzz_refusesMore(uint16 oracles_, uint16 reserve, uint16 protocol) public {
        uint256 sum = uint256(oracles_) + reserve + protocol;
        vm.assume(sum > 2000);
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.SplitOutOfBounds.selector, sum, 2000));
        vm.prank(admin);
        treasury.setSplit(ISettlementTreasury.Split(oracles_, reserve, protocol));
    }

    function test_theBoundIsExact() public {
        vm.startPrank(admin);
        treasury.setSplit(ISettlementTreasury.Split(500, 700, 800));
        vm.expectRevert(abi.encodeWithSelector(ISettlementTreasury.SplitOutOfBounds.selector, 2001, 2000));
        treasury.setSplit(ISettlementTreasury.Split(500, 700, 801));
        vm.stopPrank();
    }

    function testFuzz_onlyTheGovernor(address caller) public {
        vm.assume(caller != admin && caller != address(this));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        vm.prank(caller);
        treasury.setSplit(ISettlementTreasury.Split(0, 0, 0));
    }
}
